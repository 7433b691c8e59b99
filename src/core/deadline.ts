import type { Cancel, Clock } from './ports/clock.ts';
import { EngineUnavailable } from './ports/engine.ts';

/** A request is answered within 2 s, whatever the engine does (contract §3, §5): this, and what HTTP takes; in ms. */
export const ANSWER_WITHIN_MS = 1_500;

/** Bounds how long the engine is waited for, over all that one request asks of it. */
export class Deadline {
  readonly #passed: Promise<never>;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, milliseconds: number) {
    this.#passed = new Promise((_, reject) => {
      this.#cancel = clock.after(milliseconds, () =>
        reject(new EngineUnavailable(`the engine did not answer within ${milliseconds} ms`)),
      );
    });
    // It may pass while nothing is waited for.
    this.#passed.catch(() => {});
  }

  /** The answer, if it comes in time. @throws EngineUnavailable; what was asked may still take effect */
  wait<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return Promise.race([answer, this.#passed]);
  }

  end(): void {
    this.#cancel();
  }
}
