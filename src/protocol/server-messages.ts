import type { AgentEvent, Priority } from './events.ts';
import type { Filters } from './filters.ts';
import { FRAME_END, withoutOwnFields } from './progress.ts';

/** Why and which part of a stream can no longer be delivered (contract §4, G4); both ends included. */
export type Missing = {
  readonly from_sequence_id: number;
  readonly to_sequence_id: number;
  readonly reason: 'expired' | 'trimmed' | 'epoch_changed';
};

export type ReplayReason = 'connected' | 'requested' | 'resync';

/** Why events were shed. */
export type DropReason = 'buffer_full' | 'expired' | 'rate_limited';

export type ErrorCode =
  | 'invalid_message'
  | 'invalid_filters'
  | 'rate_limited'
  | 'engine_unavailable'
  | 'internal_error';

/** Messages that the server says of itself; events are framed by `eventFrame`. */
export type ServerMessage =
  | {
      readonly type: 'CONNECTED';
      readonly payload: {
        readonly connection_id: string;
        readonly instance_id: string;
        readonly user_id: string;
        readonly epoch: string;
        readonly sequence_id: number;
        readonly heartbeat_interval_ms: number;
        readonly heartbeat_timeout_ms: number;
        readonly replay_window_ms: number;
        readonly filters: Filters;
      };
    }
  | {
      readonly type: 'REPLAY_START';
      readonly payload: {
        readonly reason: ReplayReason;
        readonly epoch: string;
        readonly after_sequence_id: number;
        readonly complete: boolean;
        readonly missing: Missing | null;
      };
    }
  | {
      readonly type: 'REPLAY_END';
      readonly payload: { readonly sequence_id: number; readonly delivered: number };
    }
  | { readonly type: 'PING' | 'PONG'; readonly payload: Record<string, never> }
  | { readonly type: 'FILTERS_UPDATED'; readonly payload: { readonly filters: Filters } }
  | {
      readonly type: 'SERVER_DRAINING';
      readonly payload: { readonly reconnect_after_ms: number; readonly deadline_ms: number };
    }
  | {
      readonly type: 'TOKEN_EXPIRING';
      readonly payload: { readonly expires_at: string; readonly expires_in_ms: number };
    }
  | {
      readonly type: 'MESSAGES_DROPPED';
      readonly payload: {
        readonly count: number;
        readonly by_priority: Partial<Readonly<Record<Priority, number>>>;
        readonly reason: DropReason;
        readonly from_sequence_id: number;
        readonly to_sequence_id: number;
        readonly recoverable: boolean;
      };
    }
  | {
      readonly type: 'ERROR';
      readonly payload: {
        readonly code: ErrorCode;
        readonly message: string;
        /** Where waiting helps. */
        readonly retry_after_ms?: number;
      };
    };

/** RFC 3339 in UTC with milliseconds. */
export const timestampOf = (now: number): string => new Date(now).toISOString();

/** One message of the server as the text of its frame. */
export const messageFrame = (message: ServerMessage, now: number): string =>
  JSON.stringify({ type: message.type, timestamp: timestampOf(now), payload: message.payload });

/**
 * The frame of an event, ready but for what only the engine can give, which stands between `head` and `tail`: the
 * sequence_id, or what `progressFields` says of an ephemeral event.
 */
export type EventFrame = { readonly head: string; readonly tail: string };

/** Builds the frame that every client of the event gets, once (contract §4). */
export function eventFrame(event: AgentEvent, now: number): EventFrame {
  const start = `{"type":"${event.eventType}","timestamp":"${timestampOf(now)}"`;
  const payload = JSON.stringify(payloadOf(event));
  if (event.ephemeral) return { head: `${start},"payload":${payload.slice(0, -1)}`, tail: FRAME_END };
  return { head: `${start},"sequence_id":`, tail: `,"payload":${payload}}` };
}

function payloadOf(event: AgentEvent): Record<string, unknown> {
  // The ids of the request stand first and win over fields of the same name in the payload.
  const ids = {
    agent_id: event.agentId,
    ...(event.projectId === null ? {} : { project_id: event.projectId }),
  };
  const payload = event.ephemeral ? withoutOwnFields(event.payload) : event.payload;
  return { ...ids, ...payload, ...ids };
}
