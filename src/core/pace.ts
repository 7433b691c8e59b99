import type { Allowance } from './allowance.ts';
import { TokenBucket } from './token-bucket.ts';

/** What one connection may be sent: its own rate, and its part of the limit over the whole cluster (G11). */
export class Pace {
  readonly #bucket: TokenBucket | null;
  readonly #globalLimit: Allowance;

  /** @param perSecond 0 = unlimited @param now by `Clock.elapsed` */
  constructor(perSecond: number, globalLimit: Allowance, now: number) {
    this.#bucket = perSecond === 0 ? null : new TokenBucket(perSecond, now);
    this.#globalLimit = globalLimit;
  }

  fill(now: number): void {
    this.#bucket?.fill(now);
  }

  /** Whether one more message may go now. `forced` goes in any case, and is counted (G7). */
  pays(forced: boolean): boolean {
    if (forced) this.#globalLimit.force(1);
    else if (this.#bucket?.has(1) === false || !this.#globalLimit.take(1)) return false;
    this.#bucket?.spend(1);
    return true;
  }
}
