import type { Allowance } from './allowance.ts';
import type { Flushable } from './flusher.ts';

/**
 * Those that a shared limit holds up pass one after another. What there is goes round: one message each, then two, then
 * four. So who has little waiting gets all of it, and the others the same (max-min), whoever comes most often.
 */
export class Turnstile {
  readonly #limit: Allowance;
  /** In the order of their turns. */
  readonly #waiting = new Set<Flushable>();
  #served: Flushable | null = null;
  /** How many the one that is served may still take. */
  #left = 0;
  #wantsMore = false;

  constructor(limit: Allowance) {
    this.#limit = limit;
  }

  /** The limit as one of many has it; what it is refused, it waits for here. */
  take(item: Flushable, count: number): boolean {
    if (item === this.#served) {
      const isTaken = this.#left >= count && this.#limit.take(count);
      if (isTaken) this.#left -= count;
      else this.#wantsMore = true;
      return isTaken;
    }
    if (this.#waiting.size === 0 && this.#limit.take(count)) return true;
    this.#waiting.add(item);
    return false;
  }

  /** Takes for one of many what waits for nothing. */
  force(count: number): void {
    this.#limit.force(count);
  }

  /** Flushes those that wait, as far as the limit goes. @param now by `Clock.elapsed` */
  serve(now: number): void {
    for (let most = 1; this.#waiting.size > 0; most *= 2) {
      for (const item of [...this.#waiting]) if (!this.#serve(item, most, now)) return;
    }
  }

  /** It wants nothing any more. */
  leave(item: Flushable): void {
    this.#waiting.delete(item);
    if (item === this.#served) this.#wantsMore = false;
  }

  /** Gives whether there was anything for it, or it wanted nothing. Who went away empty keeps its turn. */
  #serve(item: Flushable, most: number, now: number): boolean {
    this.#served = item;
    this.#left = most;
    this.#wantsMore = false;
    item.flush(now);
    this.#served = null;
    if (this.#wantsMore && this.#left === most) return false;
    this.#waiting.delete(item);
    if (this.#wantsMore) this.#waiting.add(item);
    return true;
  }
}
