import type { Filters } from '../../src/protocol/filters.ts';
import type { Frame } from '../support/fake-socket.ts';
import type { Accepted, Ledger, Published } from './ledger.ts';
import { letsThrough } from './ledger.ts';
import type { Claim, Entry, Missing, ReplayStart, Transcript } from './transcript.ts';

type Position = { epoch: string; sequenceId: number };

/** The guarantees of the contract (§8) were broken; says which, and at which message. */
export class Broken extends Error {}

/**
 * Reads what one client saw, message by message, and holds it against what workers were promised. It knows the
 * protocol and the ledger, nothing of how the server works.
 */
export class Judge {
  readonly #ledger: Ledger;
  readonly #transcript: Transcript;
  /** Everything of the stream up to here is settled; null until the client was told where it stands. */
  #position: Position | null = null;
  #named: Missing[] = [];
  /** The filters that were in force since `#position` last moved; the last of them still are. */
  #filters: Filters[];
  readonly #asked: Filters[] = [];
  /** Claims that were not answered yet. */
  #claims: Claim[] = [];
  /** Whether the newest claim was. */
  #isAnswered = true;
  #replay: { delivered: number } | null = null;
  readonly #ephemeral = new Set<number>();
  #step = -1;

  constructor(transcript: Transcript, ledger: Ledger) {
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#filters = [transcript.filters];
  }

  /** @throws Broken at the first message that breaks a guarantee */
  judge(): void {
    for (const entry of this.#transcript.entries) {
      this.#step++;
      if (entry.kind === 'claimed') this.#claimed(entry.claim);
      else if (entry.kind === 'filtered') this.#asked.push(entry.filters);
      else this.#read(entry.frame, entry.at);
    }
  }

  /**
   * For a connection that is still there, once everything has had time to settle.
   * @throws Broken when the client was not brought up to `end` of the stream, or not told of a new epoch
   */
  judgeEnd(end: Position, at: number): void {
    this.#step++;
    const position = this.#known();
    this.#check(this.#isAnswered, 'a replay was asked for and never came');
    this.#check(this.#asked.length === 0, 'filters were asked for and never confirmed');
    this.#check(this.#replay === null, 'a replay never ended');
    this.#check(position.epoch === end.epoch, `G4: not told of epoch ${end.epoch}`);
    this.#settleUpTo(end.sequenceId + 1, at);
  }

  #claimed(claim: Claim): void {
    this.#claims.push(claim);
    this.#isAnswered = false;
  }

  #read(frame: Frame, at: number): void {
    this.#check(
      (frame.type === 'CONNECTED') === (this.#step === this.#firstRead()),
      'CONNECTED is first, once',
    );
    switch (frame.type) {
      case 'CONNECTED':
        return this.#connected(frame.payload);
      case 'FILTERS_UPDATED':
        return this.#filtersUpdated(frame.payload.filters as Filters);
      case 'REPLAY_START':
        return this.#replayStart(frame.payload as ReplayStart, at);
      case 'REPLAY_END':
        return this.#replayEnd(frame.payload, at);
      case 'NOTE':
      case 'PROGRESS_UPDATE':
        return this.#event(frame, at);
      case 'PING':
        return;
      default:
        this.#check(false, `unexpected ${frame.type}`);
    }
  }

  #connected({ epoch, sequence_id }: Frame['payload']): void {
    const { resumed } = this.#transcript;
    if (resumed === null) this.#position = { epoch: String(epoch), sequenceId: Number(sequence_id) };
    else this.#claims.unshift(resumed);
    this.#isAnswered = this.#claims.length === 0;
  }

  #filtersUpdated(filters: Filters): void {
    this.#check(
      JSON.stringify(this.#asked.shift()) === JSON.stringify(filters),
      'other filters than asked for',
    );
    this.#filters.push(filters);
  }

  #event(frame: Frame, at: number): void {
    const event = this.#ledger.find(frame.payload.marker);
    if (event === undefined) return this.#check(false, 'an event that nobody published');
    this.#check(event.user === this.#transcript.user, 'G5: an event of another user');
    this.#check(letsThrough(this.#inForce(), event), 'an event that the filters in force hold back');
    if (event.isEphemeral) this.#ephemeralEvent(frame, event);
    else this.#persistedEvent(frame, event, at);
  }

  #ephemeralEvent(frame: Frame, { marker }: Published): void {
    this.#check(frame.sequence_id === undefined, 'an ephemeral event with a sequence_id');
    this.#check(!this.#ephemeral.has(marker), 'an ephemeral event twice');
    this.#ephemeral.add(marker);
  }

  #persistedEvent({ sequence_id }: Frame, event: Published, at: number): void {
    const position = this.#known();
    const sequenceId = Number(sequence_id);
    this.#check(sequenceId > position.sequenceId, `G2: ${sequenceId} after ${position.sequenceId}`);
    if (event.position !== null) {
      this.#check(event.position.sequenceId === sequenceId, 'another sequence_id than its 202 had');
      this.#check(event.position.epoch === position.epoch, 'G4: an event of an epoch that was not announced');
    }
    this.#settleUpTo(sequenceId, at);
    this.#moveTo({ ...position, sequenceId });
    if (this.#replay !== null) this.#replay.delivered++;
  }

  #replayStart(start: ReplayStart, at: number): void {
    const { epoch, after_sequence_id, complete, missing, reason } = start;
    this.#check(complete === (missing === null), 'complete says whether anything is missing');
    if (missing !== null) this.#checkHonest(missing, epoch, at);
    if (reason === 'resync') this.#checkResync(start, at);
    else this.#answerClaim(start, at);
    this.#named = missing === null ? [] : [missing];
    this.#moveTo({ epoch, sequenceId: after_sequence_id });
    this.#replay = { delivered: 0 };
  }

  /** Nobody asked: it goes on where the client stands, and says what it leaves out. */
  #checkResync({ epoch, after_sequence_id, missing }: ReplayStart, at: number): void {
    const position = this.#known();
    if (missing === null) return this.#check(false, 'a resync that has nothing to tell');
    if (missing.reason !== 'epoch_changed') {
      this.#check(epoch === position.epoch, 'G4: another epoch without saying so');
      this.#check(missing.from_sequence_id === after_sequence_id + 1, 'names what comes next');
      return this.#settleUpTo(after_sequence_id + 1, at);
    }
    // Of the life that the client knew, everything is settled up to what is named; lives between went unseen.
    this.#settleUpTo(missing.from_sequence_id, at);
    const lost = this.#unsettled(position, Number.MAX_SAFE_INTEGER).filter(
      (event) => event.position.sequenceId > missing.to_sequence_id,
    );
    this.#check(lost.length === 0, `G3: ${listOf(lost)} went with their epoch, and were not named`);
  }

  /**
   * It answers one of the claims; those before were overtaken. Which of several that it fits cannot be told, so that the
   * oldest is taken.
   */
  #answerClaim(start: ReplayStart, at: number): void {
    const index = this.#claims.findIndex((claim) => this.#answers(start, claim, at));
    this.#check(index !== -1, `answers no claim of ${JSON.stringify(this.#claims)}`);
    const newest = this.#claims.at(-1);
    this.#isAnswered = newest !== undefined && this.#answers(start, newest, at);
    this.#claims = this.#claims.slice(index + 1);
  }

  #answers({ epoch, after_sequence_id, missing }: ReplayStart, claim: Claim, at: number): boolean {
    if (missing?.reason === 'epoch_changed') {
      const isUnproven =
        claim.epoch !== epoch || claim.sequenceId > this.#ledger.newestKnown(this.#lifeOf(epoch), claim.at - 1);
      const { from_sequence_id: from, to_sequence_id: to } = missing;
      return isUnproven && after_sequence_id === 0 && from <= claim.sequenceId + 1 && to > claim.sequenceId;
    }
    const isProven = claim.epoch === null || claim.epoch === epoch;
    const isAtEnd = claim.sequenceId <= this.#ledger.newestPossible(this.#lifeOf(epoch), at);
    return isProven && isAtEnd && after_sequence_id === claim.sequenceId;
  }

  #replayEnd({ sequence_id, delivered }: Frame['payload'], at: number): void {
    const position = this.#known();
    this.#check(this.#replay !== null, 'REPLAY_END without its REPLAY_START');
    this.#check(Number(sequence_id) >= position.sequenceId, 'REPLAY_END lies behind what was delivered');
    this.#check(delivered === this.#replay?.delivered, 'REPLAY_END counts what was delivered');
    this.#settleUpTo(Number(sequence_id) + 1, at);
    this.#moveTo({ ...position, sequenceId: Number(sequence_id) });
    this.#replay = null;
  }

  /** What is named has left the log: all that is left must come (G4). A change of epoch is named in whole. */
  #checkHonest(
    { from_sequence_id: from, to_sequence_id: to, reason }: Missing,
    epoch: string,
    at: number,
  ): void {
    this.#check(from <= to, 'names nothing');
    if (reason === 'epoch_changed') return;
    const kept = this.#ledger
      .between(this.#lifeOf(epoch), from - 1, to + 1)
      .filter((event) => !this.#ledger.isGone(event, at));
    this.#check(kept.length === 0, `G4: ${listOf(kept)} named as ${reason}, and still there`);
  }

  /** @throws Broken unless every event before `sequenceId` was delivered, held back by a filter, or named missing */
  #settleUpTo(sequenceId: number, at: number): void {
    const lost = this.#unsettled(this.#known(), sequenceId).filter((event) => !this.#isNamed(event, at));
    this.#check(lost.length === 0, `G3: ${listOf(lost)} neither delivered nor named before ${sequenceId}`);
  }

  #unsettled({ epoch, sequenceId: after }: Position, before: number): Accepted[] {
    return this.#ledger
      .between(this.#lifeOf(epoch), after, before)
      .filter((event) => this.#filters.every((filters) => letsThrough(filters, event)));
  }

  #isNamed(event: Accepted, at: number): boolean {
    const { sequenceId } = event.position;
    const isNamed = this.#named.some(
      ({ from_sequence_id, to_sequence_id }) =>
        from_sequence_id <= sequenceId && sequenceId <= to_sequence_id,
    );
    return isNamed && this.#ledger.isGone(event, at);
  }

  #moveTo(position: Position): void {
    this.#position = position;
    this.#filters = [this.#inForce()];
  }

  #known(): Position {
    if (this.#position === null)
      throw new Broken(`${this.#where()}: before the client knows where it stands`);
    return this.#position;
  }

  #inForce(): Filters {
    return this.#filters.at(-1) ?? this.#transcript.filters;
  }

  #lifeOf = (epoch: string) => ({ user: this.#transcript.user, epoch });

  #firstRead(): number {
    return this.#transcript.entries.findIndex(({ kind }) => kind === 'read');
  }

  #check(isKept: boolean, fault: string): void {
    if (!isKept) throw new Broken(`${this.#where()}: ${fault}`);
  }

  #where(): string {
    const shown = (entry: Entry): string => JSON.stringify(entry);
    const before = this.#transcript.entries.slice(0, this.#step + 1).map(shown);
    return [`${this.#transcript.user}, entry ${this.#step}`, ...before].join('\n  ');
  }
}

const listOf = (events: readonly Accepted[]): string =>
  events.map(({ position }) => `${position.sequenceId}`).join(', ');
