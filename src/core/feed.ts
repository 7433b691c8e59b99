import type { Filterable } from '../protocol/filters.ts';
import type { Engine, EventRecord, Page, Position } from './ports/engine.ts';
import type { ProgressBoard } from './progress-board.ts';
import type { Slots } from './slots.ts';

/** A task in progress, shared by the connections of a feed. */
export type TaskProgress = {
  /** What filters look at. */
  readonly header: Filterable;
  /** The newest of it as a frame, which stands for so many updates. */
  frame(merged: number): Uint8Array | string;
};

/** What a feed serves: the deliveries of its connections. */
export type Receiver = {
  receive(record: EventRecord): void;
  check(end: Position | null): void;
  /** A task went on, by so many updates since the last time; what is sent of it is always the newest. */
  progress(task: TaskProgress, merged: number): void;
};

type FeedOptions = {
  readonly engine: Engine;
  readonly slots: Slots;
  readonly end: Position;
  /** May know of tasks before the feed is there. */
  readonly board: ProgressBoard;
};

/** One user's stream on this instance: hand-overs go to every connection of the user, reads of the log are shared. */
export class Feed {
  readonly userId: string;
  readonly receivers = new Set<Receiver>();
  readonly #engine: Engine;
  readonly #slots: Slots;
  readonly #board: ProgressBoard;
  readonly #reads = new Map<number, Promise<Page>>();
  #end: Position;

  constructor(userId: string, options: FeedOptions) {
    this.userId = userId;
    this.#engine = options.engine;
    this.#slots = options.slots;
    this.#end = options.end;
    this.#board = options.board;
    this.#board.show = (task, merged) => {
      for (const receiver of this.receivers) receiver.progress(task, merged);
    };
  }

  /** The furthest that is known here of the stream. */
  get end(): Position {
    return this.#end;
  }

  receive(record: EventRecord): void {
    const { position } = record.header;
    if (position === null) {
      this.#board.receive(record);
      return;
    }
    this.advance(position);
    if (record.header.endsTask) this.#board.finish(record.header.agentId, record.header.taskId);
    for (const receiver of this.receivers) receiver.receive(record);
  }

  /** Takes what the engine knows of running tasks; whatever was handed over already is known. */
  catchUp(running: readonly EventRecord[]): void {
    for (const record of running) this.#board.receive(record);
  }

  /** The tasks that are in the middle of a run. */
  running(): Iterable<TaskProgress> {
    return this.#board.running();
  }

  advance(position: Position): void {
    const isFurther = position.sequenceId > this.#end.sequenceId || position.epoch !== this.#end.epoch;
    if (isFurther) this.#end = position;
  }

  /**
   * Compares with where the engine says the stream ends, and sends every connection that is not there to the log.
   * @param before the end known here when the engine was asked: events may have come since, so only an answer that
   *   lies ahead of what is known now, or behind what was known then, tells of a loss
   */
  reconcile(end: Position | null, before: Position): void {
    const isAnother = end === null || end.epoch !== this.#end.epoch;
    const isAhead = end !== null && end.sequenceId > this.#end.sequenceId;
    const isBehind = end !== null && end.sequenceId < before.sequenceId;
    if (end !== null && (isAhead || isBehind || isAnother)) this.#end = end;
    const suspect = isAnother || isAhead || isBehind ? end : this.#end;
    for (const receiver of this.receivers) receiver.check(suspect);
  }

  /** A page of the log; the same page that others are waiting for is read once. */
  read(afterSequenceId: number): Promise<Page> {
    const shared = this.#reads.get(afterSequenceId);
    if (shared !== undefined) return shared;
    const read = this.#slots
      .run(() => this.#engine.streams.read(this.userId, afterSequenceId))
      .finally(() => this.#reads.delete(afterSequenceId));
    this.#reads.set(afterSequenceId, read);
    return read;
  }
}
