import type { MessageName } from './schemas.ts';

export type Message = {
  readonly summary: string;
  readonly description?: string;
  /** As its frame has it. */
  readonly example: unknown;
};

const EPOCH = 'mc1x2a-7Qd0';
const timestamp = '2026-01-08T10:30:00.000Z';
const frame = (type: string, payload: object, rest: object = {}) => ({ type, timestamp, ...rest, payload });

type ServerMessageName = Exclude<MessageName, `client.${string}`>;

/** What the server says (contract §4). */
export const SERVER_MESSAGES: Readonly<Record<ServerMessageName, Message>> = {
  CONNECTED: {
    summary: 'The first message of a connection.',
    description: '`sequence_id` is the newest of the stream.',
    example: frame('CONNECTED', {
      connection_id: 'c-1',
      instance_id: 'api-1',
      user_id: 'u-1',
      epoch: EPOCH,
      sequence_id: 42,
      heartbeat_interval_ms: 30_000,
      heartbeat_timeout_ms: 10_000,
      replay_window_ms: 300_000,
      filters: { agent_ids: ['a-1'], project_ids: null, event_types: null },
    }),
  },
  REPLAY_START: {
    summary: 'Events from the log follow, those after `after_sequence_id`.',
    description:
      'Only this goes back. `missing` is what is not to be had any more, both ends included; it can hold events that come nonetheless. `resync`: something was lost that no replay can bring back.',
    example: frame('REPLAY_START', {
      reason: 'connected',
      epoch: EPOCH,
      after_sequence_id: 12,
      complete: false,
      missing: { from_sequence_id: 5, to_sequence_id: 12, reason: 'expired' },
    }),
  },
  AGENT_STATUS_CHANGED: {
    summary: 'The status of an agent changed. Persisted.',
    description: 'With whatever further fields were published.',
    example: frame(
      'AGENT_STATUS_CHANGED',
      {
        agent_id: 'a-1',
        project_id: 'p-1',
        old_status: 'working',
        new_status: 'failed',
        task_id: 't-1',
        progress: 40,
      },
      { sequence_id: 42 },
    ),
  },
  PROGRESS_UPDATE: {
    summary: 'A task went on. Ephemeral: it has no `sequence_id`, and is never replayed.',
    description:
      '`current_step` and `progress_percent` never go down within a run. `estimated_seconds_remaining` is null while nobody knows. `merged` is how many updates this one stands for.',
    example: frame('PROGRESS_UPDATE', {
      agent_id: 'a-1',
      task_id: 't-1',
      current_step: 4,
      total_steps: 10,
      progress_percent: 40,
      estimated_seconds_remaining: 12.5,
      merged: 3,
    }),
  },
  OwnEvent: {
    summary: 'Any other event, of a type of the platform’s own. Persisted.',
    example: frame('COST_REPORTED', { agent_id: 'a-1', usd: 0.42 }, { sequence_id: 43 }),
  },
  REPLAY_END: {
    summary: 'The replay is over.',
    description:
      'Up to `sequence_id` everything was delivered, filtered out or named missing. `delivered` counts events since the last `REPLAY_START`.',
    example: frame('REPLAY_END', { sequence_id: 42, delivered: 30 }),
  },
  PING: { summary: 'Answer it by `PONG`; it comes every heartbeat interval.', example: frame('PING', {}) },
  PONG: { summary: 'Answers the `PING` of a client.', example: frame('PONG', {}) },
  FILTERS_UPDATED: {
    summary: 'The filters now in force.',
    example: frame('FILTERS_UPDATED', {
      filters: { agent_ids: null, project_ids: ['p-1'], event_types: null },
    }),
  },
  MESSAGES_DROPPED: {
    summary: 'Events were shed. It stands in their place, before any later event.',
    description:
      'Both ends are included. `recoverable`: `REPLAY` from before `from_sequence_id` brings them as long as the window has them.',
    example: frame('MESSAGES_DROPPED', {
      count: 7,
      by_priority: { normal: 5, low: 2 },
      reason: 'buffer_full',
      from_sequence_id: 50,
      to_sequence_id: 58,
      recoverable: true,
    }),
  },
  SERVER_DRAINING: {
    summary: 'The instance is about to stop.',
    description:
      'Stay for `reconnect_after_ms`, then leave and come back at once. After `deadline_ms` the server closes with 1012.',
    example: frame('SERVER_DRAINING', { reconnect_after_ms: 8_200, deadline_ms: 30_000 }),
  },
  TOKEN_EXPIRING: {
    summary: 'The token of this connection is about to expire.',
    description:
      'After `expires_in_ms` the server closes with 4001. Come back with a fresh token; it need not wait.',
    example: frame('TOKEN_EXPIRING', { expires_at: '2026-01-08T10:31:00.000Z', expires_in_ms: 60_000 }),
  },
  ERROR: {
    summary: 'A message of the client was not taken.',
    description:
      'After `invalid_message` the server closes with 4000. `retry_after_ms` is there where waiting helps.',
    example: frame('ERROR', { code: 'rate_limited', message: 'too many requests', retry_after_ms: 400 }),
  },
};
