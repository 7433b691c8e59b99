import type { Flushable } from './flusher.ts';
import type { Metrics, RateLimit } from './ports/metrics.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Turnstile } from './turnstile.ts';

export type PaceOptions = {
  /** Stands before the limit over the whole cluster. */
  readonly turnstile: Turnstile;
  readonly metrics: Pick<Metrics, 'heldUp'>;
  /** By `Clock.elapsed`. */
  readonly now: number;
};

/** What one connection may be sent: its own rate, and its part of the limit over the whole cluster (G11). */
export class Pace {
  readonly #bucket: TokenBucket | null;
  readonly #options: PaceOptions;
  #now: number;
  /** What keeps messages waiting, and since when. */
  #hold: { readonly limit: RateLimit; readonly since: number } | null = null;

  /** @param perSecond 0 = unlimited */
  constructor(perSecond: number, options: PaceOptions) {
    this.#bucket = perSecond === 0 ? null : new TokenBucket(perSecond, options.now);
    this.#options = options;
    this.#now = options.now;
  }

  /** @param now by `Clock.elapsed` */
  fill(now: number): void {
    this.#now = now;
    this.#bucket?.fill(now);
  }

  /** Whether one more message of `payer` may go now. `forced` goes in any case, and is counted (G7). */
  pays(payer: Flushable, forced: boolean): boolean {
    const { turnstile } = this.#options;
    if (forced) turnstile.force(1);
    else if (this.#bucket?.has(1) === false) return this.#waitsFor('connection');
    else if (!turnstile.take(payer, 1)) return this.#waitsFor('cluster');
    this.#bucket?.spend(1);
    if (this.#hold !== null) this.#goOn(this.#hold);
    return true;
  }

  #waitsFor(limit: RateLimit): false {
    this.#hold ??= { limit, since: this.#now };
    return false;
  }

  #goOn({ limit, since }: { readonly limit: RateLimit; readonly since: number }): void {
    this.#hold = null;
    this.#options.metrics.heldUp(limit, (this.#now - since) / 1_000);
  }
}
