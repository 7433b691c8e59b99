import type { Random } from '../../src/core/ports/random.ts';
import type { TestInstance } from '../support/test-instance.ts';

/** What goes wrong between one instance and the store. */
export class Trouble {
  /** So many of the next hand-overs are lost. */
  lost = 0;
  /** So many of the next come a second time, that much later, in ms. */
  doubled = 0;
  laterMs = 0;
  /** Every hand-over is lost. */
  isCut = false;
  /** How long a question, an answer or a hand-over is on its way at most, in ms. */
  slowMs = 0;
  readonly #instance: TestInstance;

  constructor(instance: TestInstance, random: Random) {
    this.#instance = instance;
    const { engine, memory } = instance;
    const delay = (): number => Math.round(random.fraction() * this.slowMs);
    memory.handover.lose(() => this.isCut || this.lost-- > 0);
    // Nothing tells an ephemeral event from its double.
    engine.doubles = ({ header }) => (header.position !== null && this.doubled-- > 0 ? this.laterMs : null);
    engine.handoverMs = () => Math.round(random.fraction() * delay());
    // Publishing is in no hurry, and a ledger that knows when each event was taken is worth more.
    engine.questionMs = (what) => (what === 'append' || what === 'claim' ? 0 : delay());
    engine.answerMs = engine.questionMs;
  }

  set isAway(isAway: boolean) {
    this.#instance.engine.isAway = isAway;
  }

  /** The link is there again, and says that it was not. */
  interrupt(): void {
    this.#instance.memory.handover.interrupt();
  }

  /** From now on nothing fails. What was lost stays lost, and nobody is told. */
  end(): void {
    Object.assign(this, { lost: 0, doubled: 0, isCut: false, slowMs: 0, isAway: false });
  }
}
