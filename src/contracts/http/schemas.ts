import * as v from 'valibot';
import {
  acceptedSchema,
  aliveSchema,
  batchResultsSchema,
  connectionSchema,
  connectionsSchema,
  disconnectedSchema,
  explanationSchema,
  instanceSchema,
  instancesSchema,
  notTakenSchema,
  problemSchema,
  readySchema,
} from '../../protocol/answers.ts';
import {
  AGENT_STATUS_CHANGED,
  eventEntries,
  MAX_BATCH,
  MAX_PAYLOAD_BYTES,
  PROGRESS_UPDATE,
  progressPayloadSchema,
  statusPayloadSchema,
} from '../../protocol/events.ts';
import { SERVER_TYPES } from '../../protocol/server-types.ts';
import type { NamedSchema } from '../json-schema.ts';
import { SHARED_SCHEMAS } from '../shared-schemas.ts';

const statusEvent = v.strictObject({
  ...eventEntries,
  event_type: v.literal(AGENT_STATUS_CHANGED),
  payload: statusPayloadSchema,
});
const progressEvent = v.strictObject({
  ...eventEntries,
  event_type: v.literal(PROGRESS_UPDATE),
  payload: progressPayloadSchema,
});
// Made anew, so that it stands under a name of its own.
const otherType = v.pipe(eventEntries.event_type);
const otherEvent = v.strictObject({ ...eventEntries, event_type: otherType });
const event = v.union([statusEvent, progressEvent, otherEvent]);
const batch = v.object({ events: v.pipe(v.array(event), v.minLength(1), v.maxLength(MAX_BATCH)) });

const payloadLimit = `At most ${MAX_PAYLOAD_BYTES / 1024} KiB of JSON.`;

/** Every schema that the HTTP routes name, bodies and answers. */
export const HTTP_SCHEMAS = {
  ...SHARED_SCHEMAS,
  StatusPayload: {
    schema: statusPayloadSchema,
    description: `${payloadLimit} Further fields are passed on.`,
  },
  ProgressPayload: {
    schema: progressPayloadSchema,
    description: `\`current_step\` is at most \`total_steps\`. ${payloadLimit} Further fields are passed on.`,
  },
  StatusEvent: {
    schema: statusEvent,
    description:
      'A change of status. By default `failed` is critical, `stuck`, `completed` and `cancelled` high.',
  },
  ProgressEvent: {
    schema: progressEvent,
    description: 'A step of a task. Ephemeral: delivered live, merged, never replayed. Low by default.',
  },
  OwnEventType: {
    schema: otherType,
    description: 'A type of the platform’s own; the words of the server are not to be had.',
    also: { not: { enum: [AGENT_STATUS_CHANGED, PROGRESS_UPDATE, ...SERVER_TYPES] } },
  },
  OwnEvent: { schema: otherEvent, description: `Any other event; it is persisted. ${payloadLimit}` },
  Event: { schema: event, description: 'One event, as a worker publishes it.' },
  Batch: { schema: batch, description: `1 to ${MAX_BATCH} events. One that is invalid refuses all.` },
  Accepted: {
    schema: acceptedSchema,
    description:
      'The event is in the stream, and handed over. `sequence_id` is null for an ephemeral one; `duplicate`: this is the first answer again.',
  },
  NotTaken: { schema: notTakenSchema, description: 'An event of a batch that the engine did not take.' },
  BatchResults: { schema: batchResultsSchema, description: 'One result for each event, in order.' },
  Instance: {
    schema: instanceSchema,
    description: '`connection_count` is as old as `last_heartbeat`; `age_ms` is the time since `started_at`.',
  },
  Instances: { schema: instancesSchema, description: 'Every instance of the cluster.' },
  Connection: {
    schema: connectionSchema,
    description: '`last_sequence_id` is what the client named in its last `PONG`, 0 until then.',
  },
  Connections: { schema: connectionsSchema, description: 'Connections of the user, of all instances.' },
  Disconnected: {
    schema: disconnectedSchema,
    description: 'Connections that were closed with 4002; empty where the user is not connected.',
  },
  Explanation: {
    schema: explanationSchema,
    description:
      'What the log and every instance know of an event. An instance that did not answer has `answered: false` alone; `history` is sorted by `time`, which is by the clock of each.',
  },
  Alive: { schema: aliveSchema, description: 'The process lives.' },
  Ready: { schema: readySchema, description: 'This instance takes traffic.' },
  Problem: {
    schema: problemSchema,
    description:
      'A refusal (RFC 9457). `errors` names each fault with its path; `results`, of a batch taken in part, has one item for each event.',
  },
} satisfies Readonly<Record<string, NamedSchema>>;

export type HttpSchemaName = keyof typeof HTTP_SCHEMAS;
