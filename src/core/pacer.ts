import type { Flushable } from './flusher.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Turnstile } from './turnstile.ts';

/** How often what waits for its turn is looked at, in ms. */
const TURN_MS = 20;
/** How many are looked at in one turn; where more wait, each gets its turn later. */
const MOST_A_TURN = 1_000;

/** Flushes again and again what still waits after its turn. One timer for all connections, none while nothing waits. */
export class Pacer {
  readonly #clock: Clock;
  readonly #turnstile: Turnstile;
  /** In the order of their turns. */
  readonly #waiting = new Set<Flushable>();
  #stop: Cancel | null = null;

  /** @param turnstile those that wait there come first */
  constructor(clock: Clock, turnstile: Turnstile) {
    this.#clock = clock;
    this.#turnstile = turnstile;
  }

  add(item: Flushable): void {
    this.#waiting.add(item);
    this.#stop ??= this.#clock.every(TURN_MS, () => this.#turn());
  }

  delete(item: Flushable): void {
    this.#waiting.delete(item);
    if (this.#waiting.size === 0) this.stop();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #turn(): void {
    const now = this.#clock.elapsed();
    this.#turnstile.serve(now);
    const turn: Flushable[] = [];
    for (const item of this.#waiting) {
      turn.push(item);
      if (turn.length === MOST_A_TURN) break;
    }
    for (const item of turn) {
      // Behind the others, should it have to wait on.
      this.#waiting.delete(item);
      item.flush(now);
    }
    if (this.#waiting.size === 0) this.stop();
  }
}
