import type { Allowance } from './allowance.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine, Lease } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';

/** How often the engine is asked at most, in ms, and what a lease is for. */
const LEASE_MS = 100;
/** From an answer to the next question, in ms, where the engine is slow. */
const PAUSE_MS = 50;
/** What is delivered before it is leased: at most what the whole cluster may deliver in so many ms. */
const CREDIT_MS = 10;
/** How far critical events go into debt: an instance's share of so many ms. What goes beyond is forgotten. */
const DEBT_MS = 1_000;
/** Most that a lease is meant to last for, at the rate of the whole cluster, in ms. */
const LOT_MS = 200;
/** What rounding leaves is no token. */
const GRAIN = 1e-6;

/** The name of the limit: all instances share this one. */
export const DELIVERIES = 'deliveries';

export type GlobalLimitOptions = {
  readonly engine: Pick<Engine, 'limits'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'leased' | 'leaseFailed'>;
  /** Messages a second over the whole cluster; more than 0. */
  readonly rate: number;
};

/**
 * The limit over the whole cluster (G11), by leases: tokens are spent here, and the engine is asked for the next lot about
 * every 100 ms while there is demand, never per message and never while idle.
 *
 * - A little is delivered on credit and leased afterwards, so that what is rare waits for no round trip.
 * - What a lease has too much goes back with the next question.
 * - While the engine is away, an instance goes on with an equal share: the rate by the instances last known.
 *
 * Over any time t the cluster delivers at most `rate` × (t + 0.2 s of the bucket + 0.3 s of leases in hand), and for each
 * instance 10 ms of the rate on credit, but for critical events, which wait for nothing.
 */
export class GlobalLimit implements Allowance {
  readonly #options: GlobalLimitOptions;
  /** Tokens in hand; below 0 for what was delivered on credit. */
  #balance = 0;
  /** Spent since the last question. */
  #used = 0;
  /** The most that was refused to anybody since the last answer. */
  #refused = 0;
  #instances = 1;
  #isAway = false;
  #refilledAt = 0;
  #isAsking = false;
  #nextAskAt = 0;
  #timer: Cancel | null = null;
  #isStopped = false;

  constructor(options: GlobalLimitOptions) {
    this.#options = options;
  }

  /** Instances that share it, as far as is known. */
  get instances(): number {
    return this.#instances;
  }

  take(count: number): boolean {
    this.#refill();
    const isThere = this.#balance + this.#credit >= count - GRAIN;
    if (isThere) this.#spend(count);
    else this.#refused = Math.max(this.#refused, count);
    this.#demand();
    return isThere;
  }

  force(count: number): void {
    this.#refill();
    this.#spend(count);
    this.#balance = Math.max(this.#balance, -this.#share(DEBT_MS));
    this.#demand();
  }

  /** Asks no more. What is in hand can still be spent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.();
    this.#timer = null;
  }

  get #credit(): number {
    return Math.min(this.#ofRate(CREDIT_MS), this.#share(LEASE_MS));
  }

  #ofRate(milliseconds: number): number {
    return (this.#options.rate * milliseconds) / 1000;
  }

  #share(milliseconds: number): number {
    return this.#ofRate(milliseconds) / this.#instances;
  }

  #spend(count: number): void {
    this.#balance -= count;
    this.#used += count;
  }

  /** While the engine is away: what has come since, by this clock. */
  #refill(): void {
    if (!this.#isAway) return;
    const now = this.#options.clock.elapsed();
    const most = Math.max(this.#balance, this.#share(LEASE_MS));
    this.#balance = Math.min(most, this.#balance + this.#share(now - this.#refilledAt));
    this.#refilledAt = now;
  }

  /** Sees to it that the engine is asked: at once for who waits, or else when a lease's time is over. */
  #demand(): void {
    if (this.#isStopped || this.#isAsking) return;
    if (this.#refused > 0 && this.#options.clock.elapsed() >= this.#nextAskAt) void this.#ask();
    else this.#timer ??= this.#options.clock.after(LEASE_MS, () => this.#due());
  }

  #due(): void {
    this.#timer = null;
    this.#refill();
    const isSettled = this.#isAway || Math.abs(this.#balance) < GRAIN;
    if (this.#used > 0 || this.#refused > 0 || !isSettled) void this.#ask();
  }

  async #ask(): Promise<void> {
    const { engine, clock, rate } = this.#options;
    this.#timer?.();
    this.#timer = null;
    this.#isAsking = true;
    this.#nextAskAt = clock.elapsed() + LEASE_MS;
    const missing = this.#target() - this.#leased;
    const [wanted, returned] = [Math.max(0, missing), Math.max(0, -missing)];
    this.#used = 0;
    if (!this.#isAway) this.#balance -= returned;
    try {
      this.#answered(await engine.limits.lease({ limit: DELIVERIES, rate, wanted, returned }));
    } catch (error) {
      this.#unanswered(error);
    }
    this.#refused = 0;
    this.#isAsking = false;
    this.#askAgain();
  }

  /** What is of a lease; what came while the engine was away is not, and does not go back. */
  get #leased(): number {
    return this.#isAway ? Math.min(0, this.#balance) : this.#balance;
  }

  /**
   * What to have in hand until the next question: as much as was used since the last; twice that where it was too
   * little, and a fair share at least. What credit can bear is not leased beforehand.
   */
  #target(): number {
    const most = this.#ofRate(LOT_MS);
    if (this.#refused > 0)
      return Math.max(this.#refused, this.#share(LEASE_MS), Math.min(2 * this.#used, most));
    return this.#used > this.#credit ? Math.min(this.#used, most) : 0;
  }

  #answered({ granted, instances }: Lease): void {
    this.#balance = this.#leased + granted;
    this.#instances = instances;
    this.#isAway = false;
    this.#options.metrics.leased(granted);
  }

  #unanswered(error: unknown): void {
    this.#refill();
    this.#refilledAt = this.#options.clock.elapsed();
    this.#isAway = true;
    this.#options.metrics.leaseFailed();
    // Health tells that the engine does not answer.
    if (!(error instanceof EngineUnavailable))
      this.#options.log.error('leasing failed', { error: String(error) });
  }

  #askAgain(): void {
    if (this.#isStopped) return;
    const now = this.#options.clock.elapsed();
    this.#nextAskAt = Math.max(this.#nextAskAt, now + PAUSE_MS);
    this.#timer = this.#options.clock.after(this.#nextAskAt - now, () => this.#due());
  }
}
