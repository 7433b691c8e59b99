/** Where an accepted event stands: what its 202 said. */
export type Place = { readonly epoch: string; readonly sequenceId: number };

/** An accepted event; its mark is the number that it carries in its payload. */
export type Accepted = Place & { readonly mark: number };

/** What a client heard of its stream, in the order in which it came. */
export type Entry =
  | { readonly kind: 'event'; readonly mark: number; readonly sequenceId: number }
  | {
      readonly kind: 'replay_start';
      readonly epoch: string;
      readonly after: number;
      readonly missing: { readonly from: number; readonly to: number } | null;
    }
  | { readonly kind: 'replay_end'; readonly sequenceId: number }
  | { readonly kind: 'dropped'; readonly from: number; readonly to: number };

/** An accepted event in one client's account; `rank` is the place of its epoch among the epochs. */
type Line = Accepted & { readonly rank: number; state: 'open' | 'delivered' | 'named' | 'lost' };
type Named = { readonly from: number; readonly to: number };

/**
 * Goes through one client's account, entry by entry, against all that was accepted for its user.
 *
 * Events carry no epoch, so the one of the last REPLAY_START holds. What is missing is named in numbers that may be of
 * that epoch or of earlier ones. For earlier epochs the whole range counts; of the epoch itself only what lies before the
 * next event, or before the end of that replay: a range does not excuse what is lost later on.
 */
export class Audit {
  readonly faults: string[] = [];
  readonly #lines: Line[];
  readonly #byMark = new Map<number, Line>();
  readonly #ranks: Map<string, number>;
  /** How each event came: its sequence id, and the epoch that held then. */
  readonly #cameAs = new Map<number, { sequenceId: number; epoch: string | null }>();
  #epoch: string | null = null;
  #rank = -1;
  #cursor = 0;
  /** How many lines, from the first, must not be open any more. */
  #passed = 0;
  #ownMissing: Named | null = null;

  constructor(accepted: readonly Accepted[], entries: readonly Entry[]) {
    const epochs = [...new Set(accepted.map(({ epoch }) => epoch))];
    this.#ranks = new Map(epochs.map((epoch, rank) => [epoch, rank]));
    this.#lines = accepted
      .map((event): Line => ({ ...event, rank: this.#ranks.get(event.epoch) ?? 0, state: 'open' }))
      .sort((one, other) => one.rank - other.rank || one.sequenceId - other.sequenceId);
    for (const line of this.#lines) this.#byMark.set(line.mark, line);
    for (const entry of entries) this.#enter(entry);
    for (const line of this.open) this.#fault(`${show(line)} was neither delivered nor named`);
  }

  /** Neither delivered nor named, and nothing later was delivered. */
  get open(): Accepted[] {
    return this.#lines.filter(({ state }) => state === 'open');
  }

  get named(): Accepted[] {
    return this.#lines.filter(({ state }) => state === 'named');
  }

  #enter(entry: Entry): void {
    switch (entry.kind) {
      case 'event':
        this.#deliver(entry);
        break;
      case 'replay_start':
        this.#startReplay(entry);
        break;
      case 'replay_end':
        this.#nameOwn(entry.sequenceId);
        this.#passTo({ rank: this.#rank, sequenceId: entry.sequenceId + 1 }, 'the end of a replay');
        this.#cursor = entry.sequenceId;
        break;
      case 'dropped':
        // It stands where the events stood: behind all that is older.
        this.#passTo({ rank: this.#rank, sequenceId: entry.from }, `the drop of ${entry.from}`);
        this.#name(entry, (line) => line.rank === this.#rank);
        break;
    }
  }

  #startReplay({ epoch, after, missing }: Extract<Entry, { kind: 'replay_start' }>): void {
    if (after < this.#cursor && epoch === this.#epoch)
      this.#fault(`a replay went back from ${this.#cursor} to ${after} within an epoch`);
    // An epoch in which nothing was accepted comes right after the one before.
    if (epoch !== this.#epoch) this.#rank = this.#ranks.get(epoch) ?? this.#rank + 0.5;
    this.#epoch = epoch;
    this.#cursor = after;
    this.#ownMissing = missing;
    if (missing !== null) this.#name(missing, (line) => line.rank < this.#rank);
  }

  #deliver({ mark, sequenceId }: Extract<Entry, { kind: 'event' }>): void {
    const line = this.#byMark.get(mark);
    const isAtItsPlace = line?.sequenceId === sequenceId;
    this.#nameOwn(sequenceId - 1);
    this.#passTo({ rank: isAtItsPlace ? line.rank : this.#rank, sequenceId }, `event ${mark}`);
    if (sequenceId <= this.#cursor)
      this.#fault(`${sequenceId} came after ${this.#cursor}: doubled or out of order`);
    this.#cursor = sequenceId;
    this.#meet(mark, sequenceId);
    if (isAtItsPlace && line.state !== 'lost') line.state = 'delivered';
  }

  /** A request sent again after its event and its result were lost together may come again, in another epoch only. */
  #meet(mark: number, sequenceId: number): void {
    const before = this.#cameAs.get(mark);
    if (before !== undefined && before.sequenceId !== sequenceId && before.epoch === this.#epoch)
      this.#fault(`event ${mark} came twice, as ${before.sequenceId} and as ${sequenceId}`);
    this.#cameAs.set(mark, { sequenceId, epoch: this.#epoch });
  }

  /** Whatever stands before this point has to be delivered or named by now. */
  #passTo(point: { rank: number; sequenceId: number }, what: string): void {
    for (; this.#passed < this.#lines.length; this.#passed++) {
      const line = this.#lines[this.#passed];
      if (line === undefined || !isBefore(line, point)) return;
      if (line.state !== 'open') continue;
      line.state = 'lost';
      this.#fault(`${show(line)} was neither delivered nor named before ${what}`);
    }
  }

  #nameOwn(to: number): void {
    const own = this.#ownMissing;
    this.#ownMissing = null;
    if (own === null) return;
    this.#name({ from: own.from, to: Math.min(own.to, to) }, (line) => line.rank === this.#rank);
  }

  #name({ from, to }: Named, isMeant: (line: Line) => boolean): void {
    for (const line of this.#lines) {
      const isNamed = line.sequenceId >= from && line.sequenceId <= to && isMeant(line);
      if (isNamed && line.state === 'open') line.state = 'named';
    }
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}

const isBefore = (line: Line, point: { rank: number; sequenceId: number }): boolean =>
  line.rank < point.rank || (line.rank === point.rank && line.sequenceId < point.sequenceId);

/** An accepted event as faults name it. */
export const show = ({ mark, epoch, sequenceId }: Accepted): string =>
  `event ${mark} (${epoch} ${sequenceId})`;
