import type { Clock } from './ports/clock.ts';

export type Flushable = {
  /** @param now by `Clock.elapsed` */
  flush(now: number): void;
};

/** Flushes at the end of a turn of the event loop what was touched in it, each once. */
export class Flusher {
  readonly #clock: Clock;
  #touched = new Set<Flushable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Flushable): void {
    this.#touched.add(item);
    if (this.#touched.size === 1) this.#clock.endOfTurn(() => this.#flush());
  }

  #flush(): void {
    const touched = this.#touched;
    this.#touched = new Set();
    const now = this.#clock.elapsed();
    for (const item of touched) item.flush(now);
  }
}
