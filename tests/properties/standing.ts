import type { Filters } from '../../src/protocol/filters.ts';
import type { Accepted, Ledger } from './ledger.ts';
import { letsThrough } from './ledger.ts';
import type { Missing } from './transcript.ts';

export type Position = { readonly epoch: string; readonly sequenceId: number };

/** Where one client stands: its position, what was named missing to it, and the filters in force. */
export class Standing {
  readonly #ledger: Ledger;
  readonly #user: string;
  /** Everything of the stream up to here is settled; null until the client was told where it stands. */
  #position: Position | null = null;
  #named: Missing | null = null;
  /** The filters that were in force since the position last moved; the last of them still are. */
  #filters: Filters[];

  constructor(ledger: Ledger, user: string, filters: Filters) {
    this.#ledger = ledger;
    this.#user = user;
    this.#filters = [filters];
  }

  get position(): Position | null {
    return this.#position;
  }

  get filters(): Filters {
    const [filters] = this.#filters.slice(-1);
    if (filters === undefined) throw new Error('there are always filters');
    return filters;
  }

  filter(filters: Filters): void {
    this.#filters.push(filters);
  }

  moveTo(position: Position): void {
    this.#position = position;
    this.#filters = [this.filters];
  }

  /** A replay begins, which leaves out what it names. */
  restartAt(position: Position, missing: Missing | null): void {
    this.moveTo(position);
    this.#named = missing;
  }

  /** Events before a sequence id that were neither delivered, nor held back by a filter, nor named missing. */
  lostBefore(sequenceId: number, at: number): Accepted[] {
    return this.unsettledBefore(sequenceId).filter((event) => !this.#isNamed(event, at));
  }

  /** Events behind the position and before a sequence id that no filter held back. */
  unsettledBefore(sequenceId: number): Accepted[] {
    if (this.#position === null) return [];
    const { epoch, sequenceId: after } = this.#position;
    return this.#ledger
      .between({ user: this.#user, epoch }, after, sequenceId)
      .filter((event) => this.#filters.every((filters) => letsThrough(filters, event)));
  }

  /** A range may be named that holds events which are still there; those are to come nonetheless. */
  #isNamed(event: Accepted, at: number): boolean {
    if (this.#named === null) return false;
    const { from_sequence_id: from, to_sequence_id: to } = this.#named;
    const { sequenceId } = event.position;
    return from <= sequenceId && sequenceId <= to && this.#ledger.isGone(event, at);
  }
}
