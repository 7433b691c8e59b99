import * as v from 'valibot';
import { epochSchema, sequenceIdSchema } from './client-messages.ts';
import { PRIORITIES } from './events.ts';
import { filtersInForceSchema } from './filters.ts';
import { eventTypeSchema, idSchema, userIdSchema } from './ids.ts';
import type { Immutable } from './immutable.ts';
import { PROBLEMS, type ProblemCode, problemType } from './problems.ts';
import { timestampSchema } from './server-payloads.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What became of a published event; `sequence_id` is null for an ephemeral one (contract §5). */
export const acceptedSchema = v.object({
  sequence_id: v.nullable(sequenceIdSchema),
  epoch: epochSchema,
  duplicate: v.optional(v.literal(true)),
});
export const notTakenSchema = v.object({ error: v.literal('engine-unavailable') });
export const batchResultsSchema = v.object({ results: v.array(acceptedSchema) });

export const instanceSchema = v.object({
  instance_id: idSchema,
  hostname: v.string(),
  port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  status: v.picklist(['active', 'draining']),
  connection_count: count,
  started_at: timestampSchema,
  last_heartbeat: timestampSchema,
  age_ms: v.pipe(v.number(), v.minValue(0)),
});

export const connectionSchema = v.object({
  connection_id: idSchema,
  user_id: userIdSchema,
  instance_id: idSchema,
  connected_at: timestampSchema,
  last_heartbeat: timestampSchema,
  filters: filtersInForceSchema,
  last_sequence_id: sequenceIdSchema,
  is_draining: v.boolean(),
});

export const instancesSchema = v.object({ instances: v.array(instanceSchema) });
export const connectionsSchema = v.object({ connections: v.array(connectionSchema) });
export const disconnectedSchema = v.object({ disconnected: v.array(idSchema) });

/** What became of an event on an instance, and why. */
const happeningSchema = v.object({
  time: timestampSchema,
  instance_id: idSchema,
  connection_id: v.nullable(idSchema),
  what: v.picklist([
    'appended',
    'repeated',
    'handed_over',
    'held_back',
    'ignored',
    'filtered',
    'queued',
    'replayed',
    'sent',
    'shed',
    'abandoned',
  ]),
  reason: v.nullable(
    v.picklist([
      'catching_up',
      'gap',
      'known',
      'buffer_full',
      'expired',
      'rate_limited',
      'connection_closed',
    ]),
  ),
});

/** What an event was, while the log has it. */
const keptEventSchema = v.object({
  event_type: eventTypeSchema,
  agent_id: idSchema,
  project_id: v.nullable(idSchema),
  task_id: v.nullable(v.string()),
  priority: v.picklist(PRIORITIES),
  timestamp: timestampSchema,
});

export const explanationSchema = v.object({
  user_id: userIdSchema,
  sequence_id: sequenceIdSchema,
  log: v.nullable(
    v.object({
      state: v.picklist(['kept', 'expired', 'trimmed', 'epoch_changed', 'not_published']),
      epoch: epochSchema,
      oldest_sequence_id: sequenceIdSchema,
      newest_sequence_id: sequenceIdSchema,
      event: v.nullable(keptEventSchema),
    }),
  ),
  instances: v.array(
    v.object({
      instance_id: idSchema,
      answered: v.boolean(),
      connections: v.optional(count),
      knows_since: v.optional(v.nullable(timestampSchema)),
      left_out: v.optional(count),
    }),
  ),
  history: v.array(happeningSchema),
});

/** What the process says of itself (contract §7). */
export const aliveSchema = v.object({ status: v.literal('ok') });
export const readySchema = v.object({ status: v.literal('ready') });

/** The body of a refusal (RFC 9457); `results` are of a batch that was taken only in part. */
export const problemSchema = v.object({
  type: v.picklist((Object.keys(PROBLEMS) as ProblemCode[]).map(problemType)),
  title: v.string(),
  status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
  detail: v.string(),
  errors: v.optional(v.array(v.object({ path: v.string(), detail: v.string() }))),
  results: v.optional(v.array(v.union([acceptedSchema, notTakenSchema]))),
});

export type Accepted = v.InferOutput<typeof acceptedSchema>;
export type NotTaken = v.InferOutput<typeof notTakenSchema>;
export type InstanceAnswer = v.InferOutput<typeof instanceSchema>;
export type ConnectionAnswer = Immutable<v.InferOutput<typeof connectionSchema>>;
export type ExplanationAnswer = Immutable<v.InferOutput<typeof explanationSchema>>;
