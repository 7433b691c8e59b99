import { pino } from 'pino';
import type { Log, LogFields } from '../../core/ports/log.ts';

export type LogOptions = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Stands in every line. */
  readonly base: LogFields;
  write(line: string): void;
};

/** One JSON object a line, with `level`, `time` (RFC 3339) and `msg`. */
export function createLog({ level, base, write }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
