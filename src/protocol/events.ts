import * as v from 'valibot';
import { faultsOf, notAList } from './faults.ts';
import { eventTypeSchema, idSchema, isId, show, userIdSchema } from './ids.ts';
import type { Fault } from './problems.ts';
import { SERVER_TYPES } from './server-types.ts';

export const AGENT_STATUS_CHANGED = 'AGENT_STATUS_CHANGED';
export const PROGRESS_UPDATE = 'PROGRESS_UPDATE';

export const STATUSES = ['idle', 'working', 'stuck', 'failed', 'completed', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

/** From the first to go out to the first to be shed. */
export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Largest payload of one event, in bytes of UTF-8 JSON (contract §5). */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
/** How many events one batch may hold (contract §5). */
export const MAX_BATCH = 500;
/** Largest body of an internal request, in bytes (contract §5). */
export const MAX_BODY_BYTES = 1024 * 1024;

/** An event as a worker publishes it, checked, with its priority settled. */
export type AgentEvent = {
  readonly eventType: string;
  readonly userId: string;
  readonly agentId: string;
  readonly projectId: string | null;
  /** The task that the payload names by an id, as other types need not; progress is merged by it. */
  readonly taskId: string | null;
  readonly priority: Priority;
  /** Ephemeral events (PROGRESS_UPDATE) are delivered live and never persisted. */
  readonly ephemeral: boolean;
  readonly payload: Readonly<Record<string, unknown>>;
};

const picklist = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, (issue) => `got ${show(issue.input)}, wanted ${options.join(', ')}`);
const text = v.string();
const count = (least: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(Number.MAX_SAFE_INTEGER));
/** 0 to 100. */
export const percentSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(100));

export const statusPayloadSchema = v.looseObject({
  old_status: picklist(STATUSES),
  new_status: picklist(STATUSES),
  task_id: v.optional(idSchema),
  progress: v.optional(percentSchema),
  message: v.optional(text),
});

export const progressPayloadSchema = v.pipe(
  v.looseObject({
    task_id: idSchema,
    current_step: count(0),
    total_steps: count(1),
    progress_percent: v.optional(percentSchema),
    message: v.optional(text),
  }),
  v.forward(
    v.check(
      ({ current_step, total_steps }) => current_step <= total_steps,
      (issue) => `got ${issue.input.current_step}, wanted at most total_steps (${issue.input.total_steps})`,
    ),
    ['current_step'],
  ),
);

export const otherPayloadSchema = v.looseObject({});

const payloadSchema = v.pipe(notAList, v.looseObject({}));

const serverTypes: readonly string[] = SERVER_TYPES;

const publishedTypeSchema = v.pipe(
  eventTypeSchema,
  v.check(
    (type) => !serverTypes.includes(type),
    (issue) => `got ${show(issue.input)}, which only the server says, wanted another type`,
  ),
);

export const eventEntries = {
  event_type: publishedTypeSchema,
  user_id: userIdSchema,
  agent_id: idSchema,
  project_id: v.nullish(idSchema, null),
  priority: v.optional(picklist(PRIORITIES)),
  payload: payloadSchema,
};
const eventSchema = v.pipe(notAList, v.strictObject(eventEntries));

export type EventResult =
  | { readonly kind: 'event'; readonly event: AgentEvent }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/** Checks one event of a publish request (contract §5); `path` is put before the path of each fault. */
export function parseEvent(input: unknown, path = ''): EventResult {
  const outer = v.safeParse(eventSchema, input);
  const inner = payloadFaults(input, path === '' ? 'payload' : `${path}.payload`);
  if (!outer.success) return { kind: 'faults', faults: [...faultsOf(outer.issues, path), ...inner] };
  if (inner.length > 0) return { kind: 'faults', faults: inner };
  const { event_type, user_id, agent_id, project_id, priority } = outer.output;
  // As it was sent: the copy that a schema makes leaves out fields with names such as `constructor`.
  const { payload } = input as Pick<AgentEvent, 'payload'>;
  return {
    kind: 'event',
    event: {
      eventType: event_type,
      userId: user_id,
      agentId: agent_id,
      projectId: project_id,
      taskId: typeof payload.task_id === 'string' && isId(payload.task_id) ? payload.task_id : null,
      priority: priority ?? defaultPriority(event_type, payload),
      ephemeral: event_type === PROGRESS_UPDATE,
      payload,
    },
  };
}

const typedSchema = v.object({ event_type: v.string(), payload: payloadSchema });

/** What is wrong within the payload; looked for where other things are wrong too, so that one answer names all. */
function payloadFaults(input: unknown, path: string): Fault[] {
  const typed = v.safeParse(typedSchema, input);
  if (!typed.success) return [];
  const inner = v.safeParse(payloadSchemaOf(typed.output.event_type), typed.output.payload);
  return inner.success ? [] : faultsOf(inner.issues, path);
}

function payloadSchemaOf(eventType: string) {
  if (eventType === AGENT_STATUS_CHANGED) return statusPayloadSchema;
  if (eventType === PROGRESS_UPDATE) return progressPayloadSchema;
  return otherPayloadSchema;
}

const PRIORITY_OF_STATUS: Readonly<Record<Status, Priority>> = {
  idle: 'normal',
  working: 'normal',
  stuck: 'high',
  failed: 'critical',
  completed: 'high',
  cancelled: 'high',
};

function defaultPriority(eventType: string, payload: Readonly<Record<string, unknown>>): Priority {
  if (eventType === PROGRESS_UPDATE) return 'low';
  if (eventType === AGENT_STATUS_CHANGED) return PRIORITY_OF_STATUS[payload.new_status as Status];
  return 'normal';
}
