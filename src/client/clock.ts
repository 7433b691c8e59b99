/** Time as the library sees it, so that tests can hold it still. */
export type ClientClock = {
  /** Milliseconds since some fixed point. Only differences count. */
  now(): number;
  /** Runs once, after so many milliseconds; what it gives takes it back. */
  after(milliseconds: number, run: () => void): () => void;
};

/** What timers can hold; a longer wait would come at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const realClock: ClientClock = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, LONGEST_MS));
    return () => clearTimeout(timer);
  },
};

/** At most one timer at a time: setting it anew takes the former back. */
export class Timer {
  readonly #clock: ClientClock;
  #cancel: (() => void) | null = null;

  constructor(clock: ClientClock) {
    this.#clock = clock;
  }

  get isSet(): boolean {
    return this.#cancel !== null;
  }

  set(milliseconds: number, run: () => void): void {
    this.stop();
    this.#cancel = this.#clock.after(milliseconds, () => {
      this.#cancel = null;
      run();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

/**
 * Full jitter: any time from 0 up to a bound that doubles with every failure in a row.
 * @param failures before this one
 * @param chance from 0 up to, not including, 1
 */
export const fullJitter = (
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
  failures: number,
  chance: number,
): number => chance * Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
