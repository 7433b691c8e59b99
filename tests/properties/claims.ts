import type { Ledger } from './ledger.ts';
import type { Claim, ReplayStart } from './transcript.ts';

/** The replays that one client asked for, and which of them a REPLAY_START answers. */
export class Claims {
  readonly #ledger: Ledger;
  readonly #user: string;
  #open: Claim[] = [];
  #isAnswered = true;

  constructor(ledger: Ledger, user: string) {
    this.#ledger = ledger;
    this.#user = user;
  }

  /** Whether the newest claim was answered. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  add(claim: Claim): void {
    this.#open.push(claim);
    this.#isAnswered = false;
  }

  /** The one that the connection was opened with comes before all. */
  addFirst(claim: Claim): void {
    this.#open.unshift(claim);
    this.#isAnswered = false;
  }

  /**
   * Takes out the claim that this answers, and those that it overtook; false where it answers none. Which of several
   * that it fits cannot be told, so that the oldest is taken.
   */
  answeredBy(start: ReplayStart, at: number): boolean {
    const index = this.#open.findIndex((claim) => this.#fits(start, claim, at));
    if (index === -1) return false;
    const newest = this.#open.at(-1);
    this.#isAnswered = newest !== undefined && this.#fits(start, newest, at);
    this.#open = this.#open.slice(index + 1);
    return true;
  }

  #fits(start: ReplayStart, claim: Claim, at: number): boolean {
    return start.missing?.reason === 'epoch_changed'
      ? this.#isUnproven(start, claim)
      : this.#isContinued(start, claim, at);
  }

  /** From the start of the stream, because the claim cannot be of it, and its life is named from the claim on. */
  #isUnproven({ epoch, after_sequence_id, missing }: ReplayStart, claim: Claim): boolean {
    const known = this.#ledger.newestKnown({ user: this.#user, epoch }, claim.at - 1);
    const isUnproven = claim.epoch !== epoch || claim.sequenceId > known;
    const isNamed =
      missing !== null &&
      missing.from_sequence_id <= claim.sequenceId + 1 &&
      missing.to_sequence_id > claim.sequenceId;
    return isUnproven && after_sequence_id === 0 && isNamed;
  }

  #isContinued({ epoch, after_sequence_id, missing }: ReplayStart, claim: Claim, at: number): boolean {
    const isProven = claim.epoch === null || claim.epoch === epoch;
    const isWithin = claim.sequenceId <= this.#ledger.newestPossible({ user: this.#user, epoch }, at);
    const isNext = missing === null || missing.from_sequence_id === claim.sequenceId + 1;
    return isProven && isWithin && isNext && after_sequence_id === claim.sequenceId;
  }
}
