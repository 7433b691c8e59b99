import type { Priority } from '../../protocol/events.ts';
import type { Filterable, Filters } from '../../protocol/filters.ts';
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
};

/** An accepted event: its header, and the frame that every client of it gets as it is (UTF-8 JSON). */
export type EventRecord = { readonly header: EventHeader; readonly frame: Uint8Array };

export type NewEvent = Filterable & {
  readonly userId: string;
  readonly priority: Priority;
  readonly taskId: string | null;
  readonly ephemeral: boolean;
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

/** A part of the log, read in one step with the tail it was read under. */
export type Page = { readonly tail: Tail; readonly records: readonly EventRecord[] };

/**
 * How far an epoch's numbers jump, at least, when it takes over from one whose end cannot be proven. To it the engine
 * adds one for every millisecond since the last event that it knows of: so the jump leads beyond an epoch between the
 * two that was lost whole, too.
 */
export const EPOCH_SKIP = 100_000;

export type Streams = {
  /**
   * Binds a request's id to its body for the idempotency window: `conflict` when the id was seen with another body.
   */
  claim(key: Omit<IdempotencyKey, 'item'>, bodyHash: string): Promise<'claimed' | 'conflict'>;
  /**
   * One atomic step: idempotency result, epoch, dense sequence id, log entry, trimming by age and count, and the
   * hand-over to every instance that has the user (G1).
   */
  append(event: NewEvent, key: IdempotencyKey): Promise<Appended>;
  /** The tail of a user's stream; gives the stream its epoch where it has none, or can no longer prove the old. */
  open(userId: string): Promise<Tail>;
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
  /** Connections of a user over all instances, with the instance of each. */
  connectionsOf(userId: string): Promise<readonly (ConnectionEntry & { readonly instanceId: string })[]>;
  announce(instance: InstanceEntry): Promise<void>;
  withdraw(instanceId: string): Promise<void>;
  instances(): Promise<readonly InstanceEntry[]>;
};

/** How long an instance's connections stand without being refreshed, in ms. */
export const CONNECTION_LEASE_MS = 60_000;
/** How often connections and the instance are refreshed, in ms. */
export const REGISTRY_REFRESH_MS = 20_000;
