import type { ClientClock } from './clock.ts';
import { Timer } from './clock.ts';
import type { Recovery } from './recovery.ts';
import { recoveryAsked, recoveryDueAt, shed } from './recovery.ts';
import type { Stream } from './stream.ts';

export type RecovererOptions = {
  readonly memory: { readonly stream: Stream; recovery: Recovery };
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly recoverAfterMs: number;
};

/** Asks in time for what the server shed, on one connection. */
export class Recoverer {
  readonly #options: RecovererOptions;
  readonly #ask: () => void;
  readonly #timer: Timer;

  /** @param ask for a replay */
  constructor(options: RecovererOptions, ask: () => void) {
    this.#options = options;
    this.#ask = ask;
    this.#timer = new Timer(options.clock);
    // What was shed before comes with the replay of this connection.
    const { memory, clock } = options;
    if (memory.recovery.firstAt !== null) memory.recovery = recoveryAsked(memory.recovery, clock.now());
  }

  shed(): void {
    const { memory, clock } = this.#options;
    memory.recovery = shed(memory.recovery, clock.now());
    this.plan();
  }

  /** Something was shed, or a replay is over. */
  plan(): void {
    const { memory, clock, random, recoverAfterMs } = this.#options;
    const dueAt = recoveryDueAt(memory.recovery, recoverAfterMs, random());
    if (dueAt === null || memory.stream.isReplaying) this.#timer.stop();
    else this.#timer.set(Math.max(0, dueAt - clock.now()), () => this.#recover());
  }

  stop(): void {
    this.#timer.stop();
  }

  #recover(): void {
    const { memory, clock } = this.#options;
    // The end of that replay plans anew.
    if (memory.stream.isReplaying) return;
    if (memory.stream.holes.length > 0) this.#ask();
    memory.recovery = recoveryAsked(memory.recovery, clock.now());
  }
}
