import type { Cancel, Clock } from './ports/clock.ts';

export type Windowed = { windowEnded(): void };

/**
 * The windows over which progress is merged, of all tasks of an instance, with one timer: they are all equally long, so
 * that the first to be opened is the first to end.
 */
export class ProgressWindows {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** When each window ends, by `Clock.elapsed`; in the order in which they do. */
  readonly #ends = new Map<Windowed, number>();
  #cancel: Cancel | null = null;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** Opens a window, of one that has none. */
  open(task: Windowed): void {
    this.#ends.set(task, this.#clock.elapsed() + this.#windowMs);
    if (this.#cancel === null) this.#arm();
  }

  has(task: Windowed): boolean {
    return this.#ends.has(task);
  }

  /** Closes a window, whose end is then not told. */
  close(task: Windowed): void {
    this.#ends.delete(task);
    if (this.#ends.size > 0) return;
    this.#disarm();
  }

  #run(): void {
    const now = this.#clock.elapsed();
    for (const [task, end] of this.#ends) {
      if (end > now) break;
      this.#ends.delete(task);
      task.windowEnded();
    }
    this.#disarm();
    this.#arm();
  }

  #arm(): void {
    const [end] = this.#ends.values();
    if (end !== undefined) this.#cancel = this.#clock.after(end - this.#clock.elapsed(), () => this.#run());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
