import { traceparentIn } from '../protocol/traceparent.ts';
import { Feed } from './feed.ts';
import type { History, Witness } from './history.ts';
import { STEP } from './history.ts';
import type { Clock } from './ports/clock.ts';
import type { Engine, EventRecord, Position } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Span, Tracing } from './ports/tracing.ts';
import { further } from './position.ts';
import { ProgressBoard } from './progress-board.ts';
import { ProgressWindows } from './progress-windows.ts';
import { Slots } from './slots.ts';

/** How many pages of logs are read at a time, over all connections of the instance. */
const CONCURRENT_READS = 64;

type Entry = {
  users: number;
  readonly feed: Promise<Feed>;
  readonly board: ProgressBoard;
  readonly witness: Witness;
  ready: Feed | null;
  heard: Position | null;
};

export type FeedsOptions = {
  readonly clock: Clock;
  readonly history: History;
  readonly tracing: Tracing | null;
  /** Over how long the updates of one task are merged, in ms. */
  readonly progressWindowMs: number;
  /** A task that is silent for so long is not running any more, in ms. */
  readonly replayWindowMs: number;
};

/** The feeds of this instance: one per user with a connection here, subscribed for as long as there is one. */
export class Feeds {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Slots(CONCURRENT_READS);
  readonly #history: History;
  readonly #tracing: Tracing | null;
  readonly #clock: Clock;
  readonly #newBoard: () => ProgressBoard;

  constructor(engine: Engine, log: Log, options: FeedsOptions) {
    this.#engine = engine;
    this.#log = log;
    this.#history = options.history;
    this.#tracing = options.tracing;
    this.#clock = options.clock;
    const { clock, progressWindowMs, replayWindowMs } = options;
    const windows = new ProgressWindows(clock, progressWindowMs);
    this.#newBoard = () => new ProgressBoard({ clock, windows, silenceMs: replayWindowMs });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Every feed that is up. */
  all(): Feed[] {
    return [...this.#entries.values()].flatMap(({ ready }) => ready ?? []);
  }

  /**
   * The feed of a user, for one connection; each is to be given back once.
   * @throws EngineUnavailable
   */
  async acquire(userId: string): Promise<Feed> {
    const entry = this.#entries.get(userId) ?? this.#create(userId);
    entry.users++;
    try {
      return await entry.feed;
    } catch (error) {
      this.#giveBack(userId, entry);
      throw error;
    }
  }

  release(userId: string): void {
    const entry = this.#entries.get(userId);
    if (entry !== undefined) this.#giveBack(userId, entry);
  }

  /** An event was handed over to this instance. */
  receive(userId: string, record: EventRecord): void {
    const entry = this.#entries.get(userId);
    if (entry === undefined) return;
    const { position } = record.header;
    if (position !== null) entry.witness.noteNow(STEP.handedOver, position.sequenceId);
    if (entry.ready !== null) this.#deliver(entry.ready, record);
    else if (position !== null) entry.heard = further(entry.heard, position);
    else entry.board.receive(record);
  }

  /** One span for all connections: from the hand-over until what their sockets take has been handed to them. */
  #deliver(feed: Feed, record: EventRecord): void {
    const span = this.#tracing === null ? null : spanOf(feed, record, this.#tracing);
    feed.receive(record);
    // Behind the flush, which what was received has just been put down for.
    if (span !== null) this.#clock.endOfTurn(() => span.end());
  }

  #create(userId: string): Entry {
    const board = this.#newBoard();
    const witness = this.#history.witnessOf(userId);
    const feed = this.#open(userId, board);
    const entry: Entry = { users: 0, feed, board, witness, ready: null, heard: null };
    this.#entries.set(userId, entry);
    entry.feed.then(
      (feed) => {
        entry.ready = feed;
        // What came between the subscription and the tail may lie beyond it.
        if (entry.heard !== null) feed.advance(entry.heard);
      },
      () => {},
    );
    return entry;
  }

  /** Subscribes before it asks for the tail, so that nothing falls between the two. */
  async #open(userId: string, board: ProgressBoard): Promise<Feed> {
    await this.#engine.handover.subscribe(userId);
    const { running, ...end } = await this.#engine.streams.open(userId);
    for (const record of running) board.receive(record);
    return new Feed(userId, { engine: this.#engine, slots: this.#slots, end, board });
  }

  #giveBack(userId: string, entry: Entry): void {
    entry.users--;
    if (entry.users > 0 || this.#entries.get(userId) !== entry) return;
    this.#entries.delete(userId);
    entry.board.close();
    this.#engine.handover.unsubscribe(userId).catch((error: unknown) => {
      this.#log.warn('unsubscribing failed', { user_id: userId, error: String(error) });
    });
  }
}

/** null for an event whose worker does not trace it, and for progress, of which many updates may be shown as one. */
function spanOf({ userId, receivers }: Feed, { header, frame }: EventRecord, tracing: Tracing): Span | null {
  const { eventType, position } = header;
  const parent = position === null ? null : traceparentIn(frame, eventType);
  if (position === null || parent === null) return null;
  const { epoch, sequenceId: sequence_id } = position;
  const fields = { event_type: eventType, user_id: userId, epoch, sequence_id, connections: receivers.size };
  return tracing.begin('deliver', parent, fields);
}
