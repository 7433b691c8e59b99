/** A rate with one second's worth of burst (G11). What is forced out of it is paid, as far as there is anything. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #at: number;

  /** @param perSecond at least 1 @param now by `Clock.elapsed` */
  constructor(perSecond: number, now: number) {
    this.#perMs = perSecond / 1_000;
    this.#capacity = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Lets what has come since the last time flow in. */
  fill(now: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }

  has(count: number): boolean {
    return this.#tokens >= count;
  }

  spend(count: number): void {
    this.#tokens = Math.max(0, this.#tokens - count);
  }

  /** How long until there are so many, in ms. */
  wait(count: number): number {
    return Math.max(0, Math.ceil((count - this.#tokens) / this.#perMs));
  }
}
