import type { Priority, Status } from '../protocol/events.ts';
import type { DropReason, Missing } from '../protocol/server-messages.ts';

/**
 * How a persisted event came. `live`: as it happened. `replayed`: from the stream's log, after a reconnect or an outage.
 * `recovered`: from the log too, but late: events with higher numbers were given out before it.
 */
export type Delivery = 'live' | 'replayed' | 'recovered';

/** Payloads are objects with whatever else was published beside the fields that the protocol knows. */
type Fields = { readonly [field: string]: unknown };
type OfAgent = Fields & { readonly agent_id: string; readonly project_id?: string };

type Persisted<Kind extends string, Type extends string, Payload> = {
  readonly kind: Kind;
  readonly type: Type;
  /** Its place among the events of this user, within `epoch`. Together they name the event. */
  readonly sequence_id: number;
  readonly epoch: string;
  /** When it was accepted: RFC 3339, UTC. */
  readonly timestamp: string;
  readonly delivery: Delivery;
  readonly payload: Payload;
};

export type StatusPayload = OfAgent & {
  readonly old_status: Status;
  readonly new_status: Status;
  readonly task_id?: string;
  /** 0 to 100. */
  readonly progress?: number;
  readonly message?: string;
};

export type ProgressPayload = OfAgent & {
  readonly task_id: string;
  readonly current_step: number;
  readonly total_steps: number;
  /** 0 to 100; never goes down within a run of the task. */
  readonly progress_percent: number;
  /** null while nobody knows. */
  readonly estimated_seconds_remaining: number | null;
  /** How many updates this one stands for. */
  readonly merged: number;
  readonly message?: string;
};

export type StatusEvent = Persisted<'status', 'AGENT_STATUS_CHANGED', StatusPayload>;
/** An event of a type of the platform's own. */
export type OtherEvent = Persisted<'other', string, OfAgent>;
/** Ephemeral: has no place in the stream, and is never replayed. */
export type ProgressEvent = {
  readonly kind: 'progress';
  readonly type: 'PROGRESS_UPDATE';
  readonly timestamp: string;
  readonly payload: ProgressPayload;
};

/** Tell them apart by `kind`. */
export type StreamEvent = StatusEvent | ProgressEvent | OtherEvent;

/**
 * Numbers that this client will not get, both ends included. The range can hold events that were filtered out, or that are
 * delivered nonetheless; no event outside of it is missing.
 * `expired` and `trimmed`: the server keeps them no more. `epoch_changed`: nobody can tell what was lost. `buffer_full`,
 * `rate_limited`: shed by the server, and not to be had again. `reader_slow`: a `for await` did not keep up.
 */
export type Gap = {
  readonly kind: 'gap';
  readonly reason: Missing['reason'] | DropReason | 'reader_slow';
  /** The epoch that the stream is in now; of `epoch_changed`, the numbers may be of the one before. */
  readonly epoch: string;
  readonly from_sequence_id: number;
  readonly to_sequence_id: number;
};

/** What `for await` gives. */
export type StreamItem = StreamEvent | Gap;

/** What a worker publishes (contract §5). */
type Publishable<Type extends string, Payload> = {
  readonly event_type: Type;
  readonly user_id: string;
  readonly agent_id: string;
  readonly project_id?: string;
  readonly priority?: Priority;
  readonly payload: Payload;
};

export type PublishedStatus = Publishable<
  'AGENT_STATUS_CHANGED',
  Fields & Pick<StatusPayload, 'old_status' | 'new_status' | 'task_id' | 'progress' | 'message'>
>;
export type PublishedProgress = Publishable<
  'PROGRESS_UPDATE',
  Fields &
    Pick<ProgressPayload, 'task_id' | 'current_step' | 'total_steps' | 'message'> & {
      readonly progress_percent?: number;
    }
>;
export type PublishedOther = Publishable<string, Fields>;
export type PublishedEvent = PublishedStatus | PublishedProgress | PublishedOther;
