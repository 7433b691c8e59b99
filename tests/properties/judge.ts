import type { Filters } from '../../src/protocol/filters.ts';
import type { Frame } from '../support/fake-socket.ts';
import { Claims } from './claims.ts';
import type { Accepted, Ledger, Published } from './ledger.ts';
import { letsThrough } from './ledger.ts';
import type { Position } from './standing.ts';
import { Standing } from './standing.ts';
import type { Entry, Missing, ReplayStart, Transcript } from './transcript.ts';

/** The guarantees of the contract (§8) were broken; says which, and at which message. */
export class Broken extends Error {}

type Reader = (frame: Frame, at: number) => void;

/**
 * Reads what one client saw, message by message, and holds it against what workers were promised. It knows the
 * protocol and the ledger, nothing of how the server works.
 */
export class Judge {
  readonly #ledger: Ledger;
  readonly #transcript: Transcript;
  readonly #standing: Standing;
  readonly #claims: Claims;
  readonly #filtersAsked: Filters[] = [];
  readonly #ephemeral = new Set<number>();
  #isConnected = false;
  /** How many events came since the last REPLAY_START; null when no replay is under way. */
  #delivered: number | null = null;
  #step = -1;

  constructor(transcript: Transcript, ledger: Ledger) {
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#standing = new Standing(ledger, transcript.user, transcript.filters);
    this.#claims = new Claims(ledger, transcript.user);
  }

  /** @throws Broken at the first message that breaks a guarantee */
  judge(): void {
    for (const entry of this.#transcript.entries) {
      this.#step++;
      if (entry.kind === 'claimed') this.#claims.add(entry.claim);
      else if (entry.kind === 'filtered') this.#filtersAsked.push(entry.filters);
      else this.#read(entry.frame, entry.at);
    }
  }

  /**
   * For a connection that is still there, once everything has had time to settle.
   * @throws Broken when the client was not brought up to `end` of the stream, or not told of a new epoch
   */
  judgeEnd(end: Position, at: number): void {
    this.#check(this.#claims.isAnswered, 'a replay was asked for and never came');
    this.#check(this.#filtersAsked.length === 0, 'filters were asked for and never confirmed');
    this.#check(this.#delivered === null, 'a replay never ended');
    this.#check(this.#known().epoch === end.epoch, `G4: not told of epoch ${end.epoch}`);
    this.#settleBefore(end.sequenceId + 1, at);
  }

  readonly #readers: Readonly<Record<string, Reader>> = {
    CONNECTED: ({ payload }) => this.#connected(payload),
    FILTERS_UPDATED: ({ payload }) => this.#filtersUpdated(payload.filters as Filters),
    REPLAY_START: ({ payload }, at) => this.#replayStart(payload as ReplayStart, at),
    REPLAY_END: ({ payload }, at) => this.#replayEnd(payload, at),
    NOTE: (frame, at) => this.#event(frame, at),
    PROGRESS_UPDATE: (frame, at) => this.#event(frame, at),
    MESSAGES_DROPPED: ({ payload }, at) => this.#dropped(payload, at),
    PING: () => {},
  };

  #read(frame: Frame, at: number): void {
    this.#check((frame.type === 'CONNECTED') !== this.#isConnected, 'CONNECTED is first, and once');
    const reader = this.#readers[frame.type];
    if (reader === undefined) this.#fail(`unexpected ${frame.type}`);
    reader(frame, at);
  }

  #connected({ epoch, sequence_id }: Frame['payload']): void {
    this.#isConnected = true;
    const { resumed } = this.#transcript;
    if (resumed !== null) this.#claims.addFirst(resumed);
    else this.#standing.moveTo({ epoch: String(epoch), sequenceId: Number(sequence_id) });
  }

  #filtersUpdated(filters: Filters): void {
    const asked = this.#filtersAsked.shift();
    this.#check(JSON.stringify(asked) === JSON.stringify(filters), 'other filters than asked for');
    this.#standing.filter(filters);
    // Who lets more through sees what is in progress there, though it may have seen it before.
    this.#ephemeral.clear();
  }

  #event(frame: Frame, at: number): void {
    const event = this.#ledger.find(frame.payload.marker);
    if (event === undefined) this.#fail('an event that nobody published');
    this.#check(event.user === this.#transcript.user, 'G5: an event of another user');
    this.#check(letsThrough(this.#standing.filters, event), 'an event that the filters in force hold back');
    if (event.isEphemeral) this.#ephemeralEvent(frame, event);
    else this.#persistedEvent(frame, event, at);
  }

  #ephemeralEvent(frame: Frame, { marker }: Published): void {
    this.#check(frame.sequence_id === undefined, 'an ephemeral event with a sequence_id');
    this.#check(!this.#ephemeral.has(marker), 'an ephemeral event twice');
    this.#ephemeral.add(marker);
  }

  #persistedEvent({ sequence_id }: Frame, event: Published, at: number): void {
    const { epoch, sequenceId: before } = this.#known();
    const sequenceId = Number(sequence_id);
    this.#check(sequenceId > before, `G2: ${sequenceId} after ${before}`);
    if (event.position !== null) {
      this.#check(event.position.sequenceId === sequenceId, 'another sequence_id than its 202 had');
      this.#check(event.position.epoch === epoch, 'G4: an event of an epoch that was not announced');
    }
    this.#settleBefore(sequenceId, at);
    this.#standing.moveTo({ epoch, sequenceId });
    if (this.#delivered !== null) this.#delivered++;
  }

  #replayStart(start: ReplayStart, at: number): void {
    const { epoch, after_sequence_id, complete, missing, reason } = start;
    this.#check(complete === (missing === null), 'complete says whether anything is missing');
    if (missing !== null) this.#checkHonest(missing, epoch, at);
    if (reason === 'resync') this.#resync(start, at);
    else this.#check(this.#claims.answeredBy(start, at), 'a replay that nobody asked for');
    this.#standing.restartAt({ epoch, sequenceId: after_sequence_id }, missing);
    this.#delivered = 0;
  }

  /** Nobody asked: it goes on where the client stands, and says what it leaves out. */
  #resync({ epoch, after_sequence_id, missing }: ReplayStart, at: number): void {
    if (missing === null) this.#fail('a resync that has nothing to tell');
    const { from_sequence_id: from, to_sequence_id: to, reason } = missing;
    // Of the life that the client knew, everything before what is named is settled.
    this.#settleBefore(from, at);
    if (reason === 'epoch_changed') {
      const lost = this.#standing.unsettledBefore(Number.MAX_SAFE_INTEGER);
      const unnamed = lost.filter(({ position }) => position.sequenceId > to);
      this.#check(unnamed.length === 0, `G3: ${listOf(unnamed)} went with their epoch, and were not named`);
      return;
    }
    this.#check(epoch === this.#known().epoch, 'G4: another epoch without saying so');
    this.#check(from === after_sequence_id + 1, 'names what comes next');
  }

  #replayEnd({ sequence_id, delivered }: Frame['payload'], at: number): void {
    const position = this.#known();
    const sequenceId = Number(sequence_id);
    this.#check(this.#delivered !== null, 'REPLAY_END without its REPLAY_START');
    this.#check(sequenceId >= position.sequenceId, 'REPLAY_END lies behind what was delivered');
    this.#check(delivered === this.#delivered, 'REPLAY_END counts what was delivered');
    this.#settleBefore(sequenceId + 1, at);
    this.#standing.moveTo({ ...position, sequenceId });
    this.#delivered = null;
  }

  /** Where the events stood: behind all that is older, and never one that is critical (G3, G7). */
  #dropped(payload: Frame['payload'], at: number): void {
    const { count, by_priority, from_sequence_id, to_sequence_id, recoverable } = payload;
    const [from, to] = [Number(from_sequence_id), Number(to_sequence_id)];
    const { epoch, sequenceId: before } = this.#known();
    this.#check(this.#delivered === null, 'a replay shed what it brought');
    this.#check(before < from && from <= to, `dropped ${from} to ${to} after ${before}`);
    this.#settleBefore(from, at);
    const named = this.#standing.unsettledBefore(to + 1).length;
    this.#check(named <= Number(count) && Number(count) <= to - from + 1, `counts ${count}, of ${named}`);
    const counts = Object.entries(by_priority as Record<string, number>);
    this.#check(
      counts.every(([priority]) => priority === 'normal') && counts[0]?.[1] === count,
      'G7: only normal events are to be shed, and all of them counted',
    );
    this.#check(recoverable === true, 'what was persisted can be had again');
    this.#standing.moveTo({ epoch, sequenceId: to });
  }

  /** What is named has left the log: all that is left must come (G4). A change of epoch is named in whole. */
  #checkHonest(missing: Missing, epoch: string, at: number): void {
    const { from_sequence_id: from, to_sequence_id: to, reason } = missing;
    this.#check(from <= to, 'names nothing');
    if (reason === 'epoch_changed') return;
    const life = { user: this.#transcript.user, epoch };
    const kept = this.#ledger
      .between(life, from - 1, to + 1)
      .filter((event) => !this.#ledger.isGone(event, at));
    this.#check(kept.length === 0, `G4: ${listOf(kept)} named as ${reason}, and still there`);
  }

  #settleBefore(sequenceId: number, at: number): void {
    this.#known();
    const lost = this.#standing.lostBefore(sequenceId, at);
    this.#check(lost.length === 0, `G3: ${listOf(lost)} neither delivered nor named before ${sequenceId}`);
  }

  #known(): Position {
    return this.#standing.position ?? this.#fail('before the client knows where it stands');
  }

  #check(isKept: boolean, fault: string): void {
    if (!isKept) this.#fail(fault);
  }

  #fail(fault: string): never {
    const shown = (entry: Entry): string => JSON.stringify(entry);
    const before = this.#transcript.entries.slice(0, this.#step + 1).map(shown);
    throw new Broken([fault, `seen by a client of ${this.#transcript.user}:`, ...before].join('\n  '));
  }
}

const listOf = (events: readonly Accepted[]): string =>
  events.map(({ position }) => position.sequenceId).join(', ');
