import { setImmediate } from 'node:timers';
import type { Cancel, Clock } from '../../src/core/ports/clock.ts';

type Timer = { due: number; readonly everyMs: number | null; readonly run: () => void };

/** A Thursday noon; any moment would do. */
const START = Date.UTC(2026, 0, 8, 12);

/** Turns of the event loop after which a test is told that its code never comes to rest. */
const MOST_TURNS = 10_000;

/** Time that moves only when a test moves it. Promises settle, and turns end, before `advance` goes on. */
export class ManualClock implements Clock {
  #elapsed = 0;
  #wallOffset = START;
  readonly #timers = new Set<Timer>();
  #endOfTurn: (() => void)[] = [];

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(milliseconds: number, run: () => void): Cancel {
    return this.#schedule({ due: this.#elapsed + milliseconds, everyMs: null, run });
  }

  every(milliseconds: number, run: () => void): Cancel {
    return this.#schedule({ due: this.#elapsed + milliseconds, everyMs: milliseconds, run });
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run);
  }

  /** How many timers are set; none may be left by what was stopped. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets promises settle and turns end, until nothing moves any more. No time passes. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      const ending = this.#endOfTurn;
      if (ending.length === 0) return;
      this.#endOfTurn = [];
      for (const run of ending) run();
    }
    throw new Error(`still busy after ${MOST_TURNS} turns without any time passing`);
  }

  /** Lets time pass: runs what falls due in its order, each at its own time, and lets everything settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#elapsed + milliseconds;
    await this.settle();
    for (let timer = this.#next(target); timer !== undefined; timer = this.#next(target)) {
      this.#elapsed = timer.due;
      this.#fire(timer, timer.due);
      await this.settle();
    }
    this.#elapsed = target;
  }

  /**
   * Lets time pass while the event loop stands still: nothing runs meanwhile, and afterwards each timer that fell due
   * runs once, however often it would have run, as on Node and Deno. What `arrived` does is what the sockets had waiting;
   * it comes after the timers, as in a real event loop.
   */
  async stall(milliseconds: number, arrived: () => void = () => {}): Promise<void> {
    await this.settle();
    this.#elapsed += milliseconds;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#elapsed);
    for (const timer of due.sort((one, other) => one.due - other.due)) {
      if (this.#timers.has(timer)) this.#fire(timer, this.#elapsed);
    }
    arrived();
    await this.settle();
  }

  /** The wall clock is set; timers and durations take no notice. */
  jumpWallClock(milliseconds: number): void {
    this.#wallOffset += milliseconds;
  }

  #schedule(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #fire(timer: Timer, at: number): void {
    if (timer.everyMs === null) this.#timers.delete(timer);
    else timer.due = at + timer.everyMs;
    timer.run();
  }

  /** The timer that falls due first; of several, the one that was set first. */
  #next(target: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= target && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }
}
