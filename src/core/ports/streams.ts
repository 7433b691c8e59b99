import type { Priority } from '../../protocol/events.ts';
import type { Filterable } from '../../protocol/filters.ts';
import type { Progress } from '../../protocol/progress.ts';
import type { EventFrame } from '../../protocol/server-messages.ts';

/** A place in a stream. Sequence ids compare only within one epoch. */
export type Position = { readonly epoch: string; readonly sequenceId: number };

/** What an instance needs to know of an event without reading its JSON. */
export type EventHeader = Filterable & {
  readonly priority: Priority;
  readonly taskId: string | null;
  /** null for an ephemeral event. */
  readonly position: Position | null;
  /** Of an ephemeral event. */
  readonly progress?: ProgressPlace;
  /** The run of its task is over, however far it came. */
  readonly endsTask?: true;
};

/** Which update of its task an ephemeral event is. */
export type ProgressPlace = {
  /** Of two runs of a task, the later has the greater number, unless the engine lost what it knew. */
  readonly run: number;
  /** Counts the updates of the run that were handed over, from 1 on. */
  readonly update: number;
  readonly step: number;
  readonly total: number;
};

/** An accepted event: its header, and the frame that every client of it gets as it is (UTF-8 JSON). */
export type EventRecord = { readonly header: EventHeader; readonly frame: Uint8Array };

export type NewEvent = Filterable & {
  readonly userId: string;
  readonly priority: Priority;
  readonly taskId: string | null;
  /** null for a persisted event. */
  readonly progress: Progress | null;
  /** A status that ends the run of its task. */
  readonly endsTask: boolean;
  readonly frame: EventFrame;
};

/**
 * Names one item of one publish request for the idempotency window; `item` is its index in a batch. `claim` binds
 * the request's id to its body before anything is appended.
 */
export type IdempotencyKey = { readonly service: string; readonly id: string; readonly item: number };

export type Appended = {
  /** null for an ephemeral event. */
  readonly sequenceId: number | null;
  readonly epoch: string;
  /** The key was seen before: this is the first answer, and nothing was published. */
  readonly duplicate: boolean;
};

/** The end of a stream, and how far back its log goes. */
export type Tail = Position & {
  /** First sequence id that the present epoch gave out, or will. */
  readonly firstOfEpoch: number;
  /** The epoch before and where it ended, as far as is still known. Numbers between may have been lost. */
  readonly previous: Position | null;
  /** Oldest sequence id still in the log; the next to be given out where the log is empty. */
  readonly oldest: number;
  /** Newest sequence id that left the log because there were too many, not because of its age; 0 for none. */
  readonly trimmedTo: number;
};

/** A stream as an instance finds it that begins to follow it. */
export type Opened = Tail & {
  /** The newest update of each task in the middle of a run that was heard of within the replay window. */
  readonly running: readonly EventRecord[];
};

/** A part of the log, read in one step with the tail it was read under. */
export type Page = { readonly tail: Tail; readonly records: readonly EventRecord[] };

/**
 * How many numbers an epoch skips, for every millisecond since the last event that the engine knows of, when it takes
 * over from one whose end cannot be proven. It is more than one user's stream takes in practice. So numbers keep to a
 * clock, which no rollback takes back: it leads beyond what was lost, be it several epochs whole.
 */
export const EPOCH_SKIP_PER_MS = 10;

/**
 * How many numbers an epoch skips at least: the clock may have gone back, or nothing be left that tells the time. The
 * clock comes to as many in 100 ms, less than a restart or a failover takes, so that epochs do not get ahead of it.
 */
export const MIN_EPOCH_SKIP = 1_000;

export type Streams = {
  /**
   * Binds a request's id to its body for the idempotency window: `conflict` when the id was seen with another body.
   */
  claim(key: Omit<IdempotencyKey, 'item'>, bodyHash: string): Promise<'claimed' | 'conflict'>;
  /**
   * One atomic step: idempotency result, epoch, dense sequence id, log entry, trimming by age and count, and the
   * hand-over to every instance that has the user (G1). Of an ephemeral event: idempotency result, the progress of
   * its task and the hand-over; an update that would go backwards is accepted, and not handed over (G10).
   */
  append(event: NewEvent, key: IdempotencyKey): Promise<Appended>;
  /**
   * The tail of a user's stream, and its running tasks; gives the stream its epoch where it has none, or can no longer
   * prove the old.
   */
  open(userId: string): Promise<Opened>;
  /** Events after a sequence id, oldest first, at most a page of them. */
  read(userId: string, afterSequenceId: number): Promise<Page>;
  /**
   * Where streams end, in the order asked; null for a stream that is not there, undefined where the part of the engine
   * that keeps it does not answer.
   */
  ends(userIds: readonly string[]): Promise<readonly (Position | null | undefined)[]>;
};
