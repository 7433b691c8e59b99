import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';

const PROBE_EVERY_MS = 1_000;
/** A probe older than this means that the engine cannot be relied on. */
const PROBE_AGE_MS = 5_000;
/** Longest that the event loop may lag before traffic should go elsewhere. */
const LAG_MS = 1_000;

export type HealthOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether every stream was checked since the link was last interrupted. */
  isCaughtUp(): boolean;
};

/** Whether this instance should be sent traffic, and if not, why (contract §7). */
export class Health {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #isCaughtUp: () => boolean;
  readonly #stop: Cancel;
  readonly #startedAt: number;
  #provenAt: number | null = null;
  #failure = 'the engine was not reached yet';
  #isProbing = false;
  #expected: number;
  #lag = 0;
  #isReady = true;

  constructor({ engine, clock, log, metrics, isCaughtUp }: HealthOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#isCaughtUp = isCaughtUp;
    this.#startedAt = clock.elapsed();
    this.#expected = this.#startedAt + PROBE_EVERY_MS;
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

  /** How long ago the engine answered a probe, in ms; since the start where it never has. */
  get probeAgeMs(): number {
    return this.#clock.elapsed() - (this.#provenAt ?? this.#startedAt);
  }

  stop(): void {
    this.#stop();
  }

  #tick(): void {
    const now = this.#clock.elapsed();
    this.#lag = Math.max(0, now - this.#expected);
    this.#expected = now + PROBE_EVERY_MS;
    this.#tell();
    void this.#probe();
  }

  /** In the log once, when it begins and when it is over: whoever is woken has the time of both. */
  #tell(): void {
    const reasons = this.reasons();
    const isReady = reasons.length === 0;
    if (isReady === this.#isReady) return;
    this.#isReady = isReady;
    if (isReady) this.#log.info('ready again');
    else this.#log.warn('not ready', { reasons });
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      const { commandMs, totalMs } = await this.#engine.probe();
      this.#provenAt = this.#clock.elapsed();
      this.#metrics.engineProbed({ commandSeconds: commandMs / 1_000, seconds: totalMs / 1_000 });
      this.#failure = 'the engine does not answer';
    } catch (error) {
      this.#metrics.engineProbeFailed();
      this.#failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.#isProbing = false;
    }
  }
}
