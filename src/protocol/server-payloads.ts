import * as v from 'valibot';
import { epochSchema, sequenceIdSchema } from './client-messages.ts';
import { PRIORITIES, percentSchema, progressPayloadSchema, statusPayloadSchema } from './events.ts';
import { filtersInForceSchema } from './filters.ts';
import { idSchema, userIdSchema } from './ids.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const milliseconds = v.pipe(v.number(), v.minValue(0));

/** RFC 3339 in UTC with milliseconds. */
export const timestampSchema = v.pipe(v.string(), v.isoTimestamp());

/** Why and which part of a stream can no longer be delivered (contract §4, G4); both ends included. */
export const missingSchema = v.object({
  from_sequence_id: sequenceIdSchema,
  to_sequence_id: sequenceIdSchema,
  reason: v.picklist(['expired', 'trimmed', 'epoch_changed']),
});

/** The payload of each message that the server says of itself (contract §4). */
export const SERVER_PAYLOADS = {
  CONNECTED: v.object({
    connection_id: idSchema,
    instance_id: idSchema,
    user_id: userIdSchema,
    epoch: epochSchema,
    sequence_id: sequenceIdSchema,
    heartbeat_interval_ms: milliseconds,
    heartbeat_timeout_ms: milliseconds,
    replay_window_ms: milliseconds,
    filters: filtersInForceSchema,
  }),
  REPLAY_START: v.object({
    reason: v.picklist(['connected', 'requested', 'resync']),
    epoch: epochSchema,
    after_sequence_id: sequenceIdSchema,
    complete: v.boolean(),
    missing: v.nullable(missingSchema),
  }),
  REPLAY_END: v.object({ sequence_id: sequenceIdSchema, delivered: count }),
  PING: v.object({}),
  PONG: v.object({}),
  FILTERS_UPDATED: v.object({ filters: filtersInForceSchema }),
  SERVER_DRAINING: v.object({ reconnect_after_ms: milliseconds, deadline_ms: milliseconds }),
  TOKEN_EXPIRING: v.object({ expires_at: timestampSchema, expires_in_ms: milliseconds }),
  MESSAGES_DROPPED: v.object({
    count,
    by_priority: v.partial(v.object(v.entriesFromList(PRIORITIES, count))),
    reason: v.picklist(['buffer_full', 'expired', 'rate_limited']),
    from_sequence_id: sequenceIdSchema,
    to_sequence_id: sequenceIdSchema,
    recoverable: v.boolean(),
  }),
  ERROR: v.object({
    code: v.picklist(['invalid_message', 'invalid_filters', 'rate_limited']),
    message: v.string(),
    /** Where waiting helps. */
    retry_after_ms: v.optional(milliseconds),
  }),
};

const agent = { agent_id: idSchema, project_id: v.optional(idSchema) };

/** The payload of each event as clients get it; of a type of the platform's own, `OTHER_EVENT`. */
export const EVENT_PAYLOADS = {
  AGENT_STATUS_CHANGED: v.looseObject({ ...agent, ...statusPayloadSchema.entries }),
  PROGRESS_UPDATE: v.looseObject({
    ...agent,
    ...progressPayloadSchema.entries,
    progress_percent: percentSchema,
    estimated_seconds_remaining: v.nullable(v.pipe(v.number(), v.minValue(0))),
    merged: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
};
export const otherEventPayload = v.looseObject(agent);
