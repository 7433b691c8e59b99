import type { CONNECT_PARAMETERS } from '../../protocol/connect-request.ts';
import { MAX_FILTER_VALUES } from '../../protocol/filters.ts';
import type { JsonSchema } from '../json-schema.ts';
import { refTo } from '../json-schema.ts';
import type { Operation, Parameter } from './operation.ts';

type QueryName = Exclude<(typeof CONNECT_PARAMETERS)[number], 'token'>;
type QueryParameter = Pick<Parameter, 'description' | 'example'> &
  ({ readonly schema: JsonSchema } | { readonly valuesOf: 'Id' | 'EventType' });

/** The query of an upgrade, but for its token, which is a proof. */
export const CONNECT_QUERY: Readonly<Record<QueryName, QueryParameter>> = {
  agent_ids: { description: 'Events of these agents alone.', valuesOf: 'Id', example: ['a-1', 'a-2'] },
  project_ids: { description: 'Events of these projects alone.', valuesOf: 'Id', example: ['p-1'] },
  event_types: {
    description: 'Events of these types alone.',
    valuesOf: 'EventType',
    example: ['AGENT_STATUS_CHANGED'],
  },
  last_sequence_id: {
    description:
      'Where to go on: 0 is the whole window; `latest`: only what comes from now on, without a replay.',
    schema: { anyOf: [refTo('SequenceId'), { const: 'latest' }], default: 0 },
    example: 41,
  },
  epoch: {
    description:
      'The epoch of `last_sequence_id`; without it, the position is taken to be of the present one.',
    schema: refTo('Epoch'),
  },
};

function queryParameter([name, parameter]: [string, QueryParameter]): Parameter {
  if (!('valuesOf' in parameter)) return { name, in: 'query', ...parameter };
  const { valuesOf, ...rest } = parameter;
  const schema = { type: 'array', items: refTo(valuesOf), minItems: 1, maxItems: MAX_FILTER_VALUES } as const;
  return { name, in: 'query', ...rest, schema, isList: true };
}

const webSocketHeader = (name: string, value: string): Parameter => ({
  name,
  in: 'header',
  description: `Of the upgrade: \`${value}\`.`,
  schema: { type: 'string' },
});

/** The endpoint of dashboards (contract §3). */
export const AGENT_OPERATIONS: readonly Operation[] = [
  {
    path: '/ws/agents',
    method: 'get',
    operationId: 'connectDashboard',
    tag: 'Dashboards',
    summary: 'Open the stream of a user as a WebSocket',
    description: [
      'The messages are in `/asyncapi.json`. Filters: OR within one, AND between them; absent lets everything through.',
      'An unknown parameter is an error. Refusals come before the upgrade, and a plain GET with the same parameters is told',
      'the same: `curl` explains what a browser hides. Of several faults the first counts, in the order 400, 403, 401, 503, 429.',
      'Pages of every origin that is allowed may ask so too (CORS): with `Authorization`, and they may read `Retry-After`.',
    ].join('\n'),
    proof: 'token',
    parameters: [
      ...Object.entries(CONNECT_QUERY).map(queryParameter),
      webSocketHeader('Upgrade', 'websocket'),
      webSocketHeader('Sec-WebSocket-Version', '13'),
      webSocketHeader('Origin', 'https://dashboard.example.org'),
    ],
    answers: [
      {
        status: 101,
        description: 'The connection is a WebSocket now; `CONNECTED` comes first.',
        headers: ['Upgrade'],
      },
    ],
    refusals: [
      'bad-request',
      'invalid-parameters',
      'unauthorized',
      'origin-not-allowed',
      'upgrade-required',
      'too-many-connections',
      'too-many-upgrades',
      'draining',
      'instance-full',
      'engine-unavailable',
      'keys-unavailable',
    ],
  },
];
