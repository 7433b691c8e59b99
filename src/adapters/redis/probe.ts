import type { Clock } from '../../core/ports/clock.ts';
import type { ProbeResult } from '../../core/ports/engine.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Random } from '../../core/ports/random.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import type { RedisHandover } from './handover.ts';
import { keys } from './keys.ts';
import { runScript, scripts } from './scripts.ts';
import { LINK_DOWN } from './subscriber-link.ts';

const HEARD_WITHIN_MS = 1_000;
const KEY_TTL_MS = 60_000;

export type ProbeOptions = {
  readonly commands: CommandClient;
  readonly handover: Pick<RedisHandover, 'isLive' | 'onProbe' | 'renew'>;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
};

type Waiting = { heard(): void; failed(reason: string): void };

/**
 * All that an append does but for the log: what keeps Redis from taking events fails here too. And one hand-over to
 * ourselves: a subscriber link that only seems to be there fails, and is renewed.
 */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #key: string;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#key = keys.probe(options.instanceId);
    options.handover.onProbe((nonce) => this.#waiting.get(nonce)?.heard());
  }

  async run(): Promise<ProbeResult> {
    const { clock, commands, handover, random } = this.#options;
    if (!handover.isLive) throw new EngineUnavailable(LINK_DOWN);
    const nonce = random.id();
    const start = clock.elapsed();
    const heard = this.#hear(nonce);
    try {
      const args = [nonce, KEY_TTL_MS, commands.isCluster ? 'SPUBLISH' : 'PUBLISH'];
      await answered(runScript(commands, scripts.probe, { keys: [this.#key, this.#key], args }));
      const commandMs = clock.elapsed() - start;
      const giveUp = clock.after(HEARD_WITHIN_MS, () => this.#missed(nonce));
      await heard.finally(giveUp);
      return { commandMs, totalMs: clock.elapsed() - start };
    } finally {
      this.#waiting.delete(nonce);
    }
  }

  /** Ends what is under way. */
  close(): void {
    for (const { failed } of this.#waiting.values()) failed('the engine was closed');
  }

  #hear(nonce: string): Promise<void> {
    const heard = new Promise<void>((resolve, reject) => {
      const failed = (reason: string) => reject(new EngineUnavailable(`Redis: ${reason}`));
      this.#waiting.set(nonce, { heard: resolve, failed });
    });
    // It may fail while the write is still waited for, and then nobody listens yet.
    heard.catch(() => {});
    return heard;
  }

  #missed(nonce: string): void {
    // Where this process stood still, the hand-over may lie in the socket: what this turn reads still counts.
    this.#options.clock.endOfTurn(() => {
      const waiting = this.#waiting.get(nonce);
      if (waiting === undefined) return;
      this.#options.handover.renew();
      waiting.failed('no hand-over to ourselves arrived');
    });
  }
}
