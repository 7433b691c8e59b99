import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine } from './ports/engine.ts';

const PROBE_EVERY_MS = 1_000;
/** A probe older than this means that the engine cannot be relied on. */
const PROBE_AGE_MS = 5_000;
/** Longest that the event loop may lag before traffic should go elsewhere. */
const LAG_MS = 1_000;

/** Whether this instance should be sent traffic, and if not, why (contract §7). */
export class Health {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #isCaughtUp: () => boolean;
  readonly #stop: Cancel;
  #provenAt: number | null = null;
  #failure = 'the engine was not reached yet';
  #isProbing = false;
  #expected: number;
  #lag = 0;

  constructor(engine: Engine, clock: Clock, isCaughtUp: () => boolean) {
    this.#engine = engine;
    this.#clock = clock;
    this.#isCaughtUp = isCaughtUp;
    this.#expected = clock.elapsed() + PROBE_EVERY_MS;
    this.#stop = clock.every(PROBE_EVERY_MS, () => this.#tick());
    void this.#probe();
  }

  /** Empty while all is well. */
  reasons(): string[] {
    const reasons: string[] = [];
    const unavailable = this.#engine.unavailable();
    if (unavailable !== null) reasons.push(unavailable);
    else if (this.#provenAt === null || this.#clock.elapsed() - this.#provenAt > PROBE_AGE_MS)
      reasons.push(this.#failure);
    else if (!this.#isCaughtUp()) reasons.push('streams are being checked after an interruption');
    if (this.#lag > LAG_MS) reasons.push(`the event loop lags by ${Math.round(this.#lag)} ms`);
    return reasons;
  }

  stop(): void {
    this.#stop();
  }

  #tick(): void {
    const now = this.#clock.elapsed();
    this.#lag = Math.max(0, now - this.#expected);
    this.#expected = now + PROBE_EVERY_MS;
    void this.#probe();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await this.#engine.probe();
      this.#provenAt = this.#clock.elapsed();
      this.#failure = 'the engine does not answer';
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.#isProbing = false;
    }
  }
}
