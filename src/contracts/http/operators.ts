import type { ProblemCode } from '../../protocol/problems.ts';
import { refTo } from '../json-schema.ts';
import type { Examples, Operation } from './operation.ts';

const ROOT = '/api/v1/internal/ws';
const ASKING: readonly ProblemCode[] = ['unauthorized', 'engine-unavailable', 'overloaded'];
/** A body is refused, since a signature over it says nothing of the target; but for `{}`, whose `webhook-id` is bound to it. */
const ORDERING: readonly ProblemCode[] = [
  ...ASKING,
  'bad-request',
  'idempotency-conflict',
  'too-large',
  'instance-silent',
];

const instance = {
  instance_id: 'api-1',
  hostname: 'api-1',
  port: 8080,
  status: 'active',
  connection_count: 1,
  started_at: '2026-01-08T09:30:00.000Z',
  last_heartbeat: '2026-01-08T10:30:00.000Z',
  age_ms: 3_600_500,
};
const connection = {
  connection_id: 'c-1',
  user_id: 'u-1',
  instance_id: 'api-1',
  connected_at: '2026-01-08T10:00:00.000Z',
  last_heartbeat: '2026-01-08T10:29:40.000Z',
  filters: { agent_ids: ['a-1'], project_ids: null, event_types: null },
  last_sequence_id: 41,
  is_draining: false,
};

const explanation = {
  user_id: 'u-1',
  sequence_id: 42,
  log: {
    state: 'kept',
    epoch: 'mc1x2a-7Qd0',
    oldest_sequence_id: 12,
    newest_sequence_id: 57,
    event: {
      event_type: 'AGENT_STATUS_CHANGED',
      agent_id: 'a-1',
      project_id: null,
      task_id: 't-1',
      priority: 'normal',
      timestamp: '2026-01-08T10:30:00.000Z',
    },
  },
  instances: [
    { instance_id: 'api-1', answered: true, connections: 1, knows_since: null, left_out: 0 },
    { instance_id: 'api-2', answered: false },
  ],
  history: [
    {
      time: '2026-01-08T10:30:00.002Z',
      instance_id: 'api-1',
      connection_id: 'c-1',
      what: 'shed',
      reason: 'buffer_full',
    },
  ],
};

const example = (summary: string, value: unknown): Examples => ({ example: { summary, value } });

/** What operators call (contract §5). */
export const OPERATOR_OPERATIONS: readonly Operation[] = [
  {
    path: `${ROOT}/instances`,
    method: 'get',
    operationId: 'listInstances',
    tag: 'Operators',
    summary: 'List the instances',
    description: 'One that died is in the list for about half a minute.',
    proof: 'signature',
    answers: [
      {
        status: 200,
        description: 'Every instance of the cluster.',
        json: { schema: 'Instances', examples: example('One instance', { instances: [instance] }) },
      },
    ],
    refusals: ASKING,
  },
  {
    path: `${ROOT}/connections`,
    method: 'get',
    operationId: 'listConnections',
    tag: 'Operators',
    summary: 'List the connections of a user, on all instances',
    description: 'Filters and positions are about 2 seconds old, `last_heartbeat` up to 40.',
    proof: 'signature',
    parameters: [
      {
        name: 'user_id',
        in: 'query',
        required: true,
        description: 'The user.',
        schema: refTo('UserId'),
        example: 'u-1',
      },
    ],
    answers: [
      {
        status: 200,
        description: 'Every connection of the user.',
        json: { schema: 'Connections', examples: example('One connection', { connections: [connection] }) },
      },
    ],
    refusals: [...ASKING, 'invalid-parameters'],
  },
  {
    path: `${ROOT}/explain`,
    method: 'get',
    operationId: 'explainEvent',
    tag: 'Operators',
    summary: 'Tell what happened to one event, on all instances',
    description:
      'Each remembers the newest things that happened. One that is silent for 1.2 seconds is named.',
    proof: 'signature',
    parameters: [
      {
        name: 'user_id',
        in: 'query',
        required: true,
        description: 'Whose event it is.',
        schema: refTo('UserId'),
        example: 'u-1',
      },
      {
        name: 'sequence_id',
        in: 'query',
        required: true,
        description: 'Its place in the stream.',
        schema: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        example: 42,
      },
    ],
    answers: [
      {
        status: 200,
        description: 'What is known of it.',
        json: { schema: 'Explanation', examples: example('It was shed on one connection', explanation) },
      },
    ],
    refusals: [...ASKING, 'invalid-parameters'],
  },
  {
    path: `${ROOT}/connections/{connection_id}/disconnect`,
    method: 'post',
    operationId: 'disconnectConnection',
    tag: 'Operators',
    summary: 'Close one connection with 4002',
    description:
      'It is closed when the answer comes, whichever instance has it. No body, or `{}`, whose `webhook-id` serves for this target alone.',
    proof: 'signature',
    parameters: [
      {
        name: 'connection_id',
        in: 'path',
        required: true,
        description: 'The connection.',
        schema: refTo('Id'),
        example: 'c-1',
      },
    ],
    answers: [
      {
        status: 200,
        description: 'It is closed.',
        json: { schema: 'Disconnected', examples: example('It was there', { disconnected: ['c-1'] }) },
      },
    ],
    refusals: [...ORDERING, 'not-found'],
  },
  {
    path: `${ROOT}/users/{user_id}/disconnect`,
    method: 'post',
    operationId: 'disconnectUser',
    tag: 'Operators',
    summary: 'Close every connection of a user with 4002',
    description:
      'They are closed when the answer comes, whichever instances have them. No body, or `{}`, whose `webhook-id` serves for this target alone.',
    proof: 'signature',
    parameters: [
      {
        name: 'user_id',
        in: 'path',
        required: true,
        description: 'The user.',
        schema: refTo('UserId'),
        example: 'u-1',
      },
    ],
    answers: [
      {
        status: 200,
        description: 'They are closed; none where the user is not connected.',
        json: {
          schema: 'Disconnected',
          examples: example('Two connections', { disconnected: ['c-1', 'c-2'] }),
        },
      },
    ],
    refusals: [...ORDERING, 'invalid-parameters'],
  },
];
