import type { ProblemCode } from '../../protocol/problems.ts';
import type { Examples, Operation, Parameter } from './operation.ts';

const ROOT = '/api/v1/internal/ws/publish';
const EPOCH = 'mc1x2a-7Qd0';

const REFUSALS: readonly ProblemCode[] = [
  'invalid-event',
  'unauthorized',
  'idempotency-conflict',
  'too-large',
  'unsupported-media-type',
  'engine-unavailable',
  'overloaded',
];

const status = {
  event_type: 'AGENT_STATUS_CHANGED',
  user_id: 'u-1',
  agent_id: 'a-1',
  project_id: 'p-1',
  priority: 'critical',
  payload: {
    old_status: 'working',
    new_status: 'failed',
    task_id: 't-1',
    progress: 40,
    message: 'the build breaks',
  },
};
const progress = {
  event_type: 'PROGRESS_UPDATE',
  user_id: 'u-1',
  agent_id: 'a-1',
  payload: { task_id: 't-1', current_step: 4, total_steps: 10, message: 'running the tests' },
};
const own = { event_type: 'COST_REPORTED', user_id: 'u-1', agent_id: 'a-1', payload: { usd: 0.42 } };

const EVENTS: Examples = {
  status: { summary: 'A change of status', value: status },
  progress: { summary: 'A step of a task', value: progress },
  own: { summary: 'An event of a type of the platform’s own', value: own },
};

const ACCEPTED: Examples = {
  persisted: { summary: 'Of a persisted event', value: { sequence_id: 42, epoch: EPOCH } },
  ephemeral: { summary: 'Of progress, which is not persisted', value: { sequence_id: null, epoch: EPOCH } },
  duplicate: {
    summary: 'Of the same id and body again',
    value: { sequence_id: 42, epoch: EPOCH, duplicate: true },
  },
};

const RESULTS: Examples = {
  results: {
    summary: 'Of one persisted event and one ephemeral',
    value: {
      results: [
        { sequence_id: 42, epoch: EPOCH },
        { sequence_id: null, epoch: EPOCH },
      ],
    },
  },
};

const SAFE_TO_REPEAT =
  'The `webhook-id` makes the request safe to repeat for 10 minutes: the same id and body give the first answer and publish nothing.';

const TRACEPARENT: Parameter = {
  name: 'traceparent',
  in: 'header',
  description:
    'The trace that the request belongs to ([W3C](https://www.w3.org/TR/trace-context/)); its events carry it. One that is not valid counts as none.',
  schema: { type: 'string' },
  example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

/** What workers call (contract §5). */
export const PUBLISHING_OPERATIONS: readonly Operation[] = [
  {
    path: ROOT,
    method: 'post',
    operationId: 'publishEvent',
    tag: 'Workers',
    summary: 'Publish one event',
    description: SAFE_TO_REPEAT,
    proof: 'signature',
    parameters: [TRACEPARENT],
    body: { schema: 'Event', examples: EVENTS },
    answers: [
      {
        status: 202,
        description: 'The event is in the stream, and handed over to every instance.',
        json: { schema: 'Accepted', examples: ACCEPTED },
      },
    ],
    refusals: REFUSALS,
  },
  {
    path: `${ROOT}/batch`,
    method: 'post',
    operationId: 'publishBatch',
    tag: 'Workers',
    summary: 'Publish up to 500 events',
    description: `One invalid event refuses the batch. If the engine fails midway, the \`results\` of the 503 tell which events were taken.\n${SAFE_TO_REPEAT}`,
    proof: 'signature',
    parameters: [TRACEPARENT],
    body: {
      schema: 'Batch',
      examples: { two: { summary: 'Two events', value: { events: [status, progress] } } },
    },
    answers: [
      {
        status: 202,
        description: 'Every event is taken; one result each, in order.',
        json: { schema: 'BatchResults', examples: RESULTS },
      },
    ],
    refusals: REFUSALS,
  },
];
