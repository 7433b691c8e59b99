import type { Priority } from '../../protocol/events.ts';
import type { Filterable, Filters } from '../../protocol/filters.ts';
import type { Progress } from '../../protocol/progress.ts';
import type { EventFrame } from '../../protocol/server-messages.ts';

/**
 * The engine keeps streams, registry and limits. Two adapters fill this port and pass one conformance suite:
 * `memory` (one instance) and `redis` (many). Every method that asks the engine rejects with `EngineUnavailable`
 * when it does not answer within a bounded time.
 */
export type Engine = {
  readonly streams: Streams;
  readonly handover: Handover;
  readonly registry: Registry;
  readonly orders: Orders;
  readonly limits: Limits;
  /** Resolves once the engine can be used, or when the time is up; `unavailable()` tells which. */
  connect(timeoutMs: number): Promise<void>;
  /** Proves with one write and one hand-over to itself that both ways work; resolves with the round trip in ms. */
  probe(): Promise<number>;
  /** Why the engine cannot be used at present, as far as is known without asking it; null while it can. */
  unavailable(): string | null;
  close(): Promise<void>;
};

/** The engine cannot be reached, or did not answer in time. What was asked may still take effect later. */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
}

// --- streams ---------------------------------------------------------------------------------------------------

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

// --- hand-over -------------------------------------------------------------------------------------------------

export type HandoverListener = {
  /** An event was accepted for a user that this instance subscribed to. May be lost, late or doubled. */
  received(userId: string, record: EventRecord): void;
  /** Events may have been lost since the last call; every live stream is to be compared with its end. */
  interrupted(): void;
};

export type Handover = {
  listen(listener: HandoverListener): void;
  /** Resolves once every event accepted from now on is handed over. */
  subscribe(userId: string): Promise<void>;
  unsubscribe(userId: string): Promise<void>;
};

// --- registry --------------------------------------------------------------------------------------------------

export type ConnectionEntry = {
  readonly connectionId: string;
  readonly userId: string;
  /** Wall-clock ms. */
  readonly connectedAt: number;
  readonly lastHeartbeat: number;
  readonly filters: Filters;
  readonly lastSequenceId: number;
  readonly isDraining: boolean;
};

export type InstanceEntry = {
  readonly instanceId: string;
  readonly hostname: string;
  readonly port: number;
  readonly startedAt: number;
  readonly lastHeartbeat: number;
  readonly connectionCount: number;
  readonly status: 'active' | 'draining';
};

export type AdmissionRequest = {
  readonly connectionId: string;
  readonly userId: string;
  readonly address: string;
  /** False asks only, and takes no place. */
  readonly reserve: boolean;
};

export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'too_many_connections' | 'too_many_upgrades'; readonly retryAfterMs: number };

export type RegisteredConnection = ConnectionEntry & { readonly instanceId: string };

/** Connections and instances, visible from every instance. What an instance stops refreshing expires by itself. */
export type Registry = {
  /** Takes a place among the user's connections and the address's upgrades, or takes nothing. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /** Gives back what `admit` took, for an upgrade that is refused after all (G12). */
  giveBack(request: Omit<AdmissionRequest, 'reserve'>): Promise<void>;
  /** Writes connections, new or known, and keeps them alive for a lease. */
  refresh(entries: readonly ConnectionEntry[]): Promise<void>;
  /** Takes out connections, and places that were taken and never used. */
  remove(connections: readonly Pick<ConnectionEntry, 'connectionId' | 'userId'>[]): Promise<void>;
  connection(connectionId: string): Promise<RegisteredConnection | null>;
  /** Connections of a user over all instances. */
  connectionsOf(userId: string): Promise<readonly RegisteredConnection[]>;
  /**
   * Gives false where the registry did not know the instance, or knew another process by its id: it has to be told of
   * every connection anew.
   */
  announce(instance: InstanceEntry): Promise<boolean>;
  withdraw(instanceId: string): Promise<void>;
  instances(): Promise<readonly InstanceEntry[]>;
  /** Takes out the connections of an instance that is gone; gives how many. */
  clear(instanceId: string): Promise<number>;
  /**
   * Instances that were silent for `DEAD_AFTER_MS`, or whose lease ran out, and that are not cleared yet. They are given to one that asks at a time; should it
   * fail to clear them, they are given again after `CLEARING_MS`.
   */
  dead(): Promise<readonly string[]>;
};

/** How long the hash of an instance stands without being refreshed, in ms (contract §6). */
export const INSTANCE_LEASE_MS = 60_000;
/** How long an instance's connections stand without being refreshed, in ms: gone within 90 s without a survivor (G9). */
export const CONNECTION_LEASE_MS = 85_000;
/** How long an instance is silent until it is taken for dead, in ms: its clients wait for their places meanwhile. */
export const DEAD_AFTER_MS = 20_000;
/** How long one survivor has to clear a dead instance before another may try, in ms. */
export const CLEARING_MS = 10_000;

// --- orders ----------------------------------------------------------------------------------------------------

/** What one instance tells another to do. */
export type Order = {
  readonly orderId: string;
  readonly kind: 'disconnect_connection' | 'disconnect_user';
  /** The id of the connection or user. */
  readonly subject: string;
};

/**
 * A box of orders for each instance. Not a channel: an order waits there until it is carried out, so that a link that is
 * down for a moment loses none, and who gave it can see that it was done.
 */
export type Orders = {
  put(instanceId: string, order: Order): Promise<void>;
  /** Whether an order was not carried out yet. */
  isWaiting(instanceId: string, order: Order): Promise<boolean>;
  /** Takes an order back; false where it was carried out already. */
  takeBack(instanceId: string, order: Order): Promise<boolean>;
  /** What waits for this instance, the first given first. */
  waiting(): Promise<readonly Order[]>;
  /** Takes orders out that this instance has carried out: only now, or an answer of `waiting` that is lost would lose them. */
  done(orders: readonly Order[]): Promise<void>;
};

/** How long an order waits for an instance that does not come for it, in ms. */
export const ORDER_LIFE_MS = 10_000;

// --- limits ----------------------------------------------------------------------------------------------------

export type LeaseRequest = {
  /** Names the limit: who gives the same name shares one bucket. */
  readonly limit: string;
  /** What its bucket gets, in tokens a second; the same from every instance. */
  readonly rate: number;
  /** Tokens asked for; parts of one count. */
  readonly wanted: number;
  /** Tokens of earlier leases that were not used. */
  readonly returned: number;
};

export type Lease = {
  /** At most what was wanted. */
  readonly granted: number;
  /** Instances that asked within `INSTANCE_COUNTED_MS`, this one included. */
  readonly instances: number;
};

/**
 * Rates over the whole cluster: a token bucket each, from which instances lease lots. What an instance wanted last is its
 * wish: new tokens are kept for the wishes not filled yet, the same number for each, until it asks again, and only what
 * no wish has room for is anybody's. So an instance that wants little gets all of it and the others share the rest
 * equally (max-min), however often they ask and for however much.
 */
export type Limits = {
  lease(request: LeaseRequest): Promise<Lease>;
};

/** How much a bucket holds, in ms of its rate: twice what comes between two asks, so that a late one loses nothing. */
export const BUCKET_MS = 200;
/** How long tokens are kept for an instance that does not ask any more, in ms. */
export const WISH_LIFE_MS = 1_000;
/** How long an instance counts as one that shares a limit, in ms after it asked. */
export const INSTANCE_COUNTED_MS = 60_000;
