import type { AgentEvent } from './events.ts';
import { PROGRESS_UPDATE } from './events.ts';
import type { Filters } from './filters.ts';

/** Why and which part of a stream can no longer be delivered (contract §4, G4); both ends included. */
export type Missing = {
  readonly from_sequence_id: number;
  readonly to_sequence_id: number;
  readonly reason: 'expired' | 'trimmed' | 'epoch_changed';
};

export type ReplayReason = 'connected' | 'requested' | 'resync';

export type ErrorCode = 'invalid_message' | 'invalid_filters' | 'engine_unavailable' | 'internal_error';

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
  | { readonly type: 'ERROR'; readonly payload: { readonly code: ErrorCode; readonly message: string } };

/** RFC 3339 in UTC with milliseconds. */
export const timestampOf = (now: number): string => new Date(now).toISOString();

/** One message of the server as the text of its frame. */
export const messageFrame = (message: ServerMessage, now: number): string =>
  JSON.stringify({ type: message.type, timestamp: timestampOf(now), payload: message.payload });

/**
 * The frame of an event, ready but for its sequence_id, which only the engine can give: it stands between `head`
 * and `tail`. An ephemeral event has none, and `head + tail` is its frame.
 */
export type EventFrame = { readonly head: string; readonly tail: string };

/** Builds the frame that every client of the event gets, once (contract §4). */
export function eventFrame(event: AgentEvent, now: number): EventFrame {
  const start = `{"type":"${event.eventType}","timestamp":"${timestampOf(now)}"`;
  return {
    head: event.ephemeral ? start : `${start},"sequence_id":`,
    tail: `,"payload":${JSON.stringify(payloadOf(event))}}`,
  };
}

function payloadOf(event: AgentEvent): Record<string, unknown> {
  // The ids of the request stand first and win over fields of the same name in the payload.
  const ids = {
    agent_id: event.agentId,
    ...(event.projectId === null ? {} : { project_id: event.projectId }),
  };
  const payload = { ...ids, ...event.payload, ...ids };
  return event.eventType === PROGRESS_UPDATE ? { ...payload, ...progressOf(event.payload) } : payload;
}

function progressOf(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { current_step, total_steps, progress_percent } = payload;
  const percent = progress_percent ?? Math.round((Number(current_step) / Number(total_steps)) * 1000) / 10;
  return { progress_percent: percent, estimated_seconds_remaining: null, merged: 1 };
}
