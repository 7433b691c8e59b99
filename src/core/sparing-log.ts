import type { Clock } from './ports/clock.ts';
import type { Log, LogFields } from './ports/log.ts';

/** Of lines that say the same, one in so long is written, in ms. */
const SAID_EVERY_MS = 5_000;

type Said = { readonly at: number; leftOut: number };

/**
 * A log for what goes wrong again and again while the engine is away: of the lines with one message (and of one link,
 * where they name it), one in 5 s is written, with the number of those left out before it as `left_out`.
 */
export function sparingLog(log: Log, clock: Clock): Log {
  const said = new Map<string, Said>();
  const at =
    (level: keyof Log) =>
    (message: string, fields: LogFields = {}): void => {
      const about = `${level} ${message} ${fields.link ?? ''}`;
      const last = said.get(about);
      const now = clock.elapsed();
      if (last !== undefined && now - last.at < SAID_EVERY_MS) {
        last.leftOut++;
        return;
      }
      said.set(about, { at: now, leftOut: 0 });
      const leftOut = last?.leftOut ?? 0;
      log[level](message, leftOut === 0 ? fields : { ...fields, left_out: leftOut });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
