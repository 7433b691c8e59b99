import type { Answer, Operation } from './operation.ts';

const documentAnswers: readonly Answer[] = [
  { status: 200, description: 'The document.', headers: ['ETag', 'CacheControl'], document: true },
  {
    status: 304,
    description: 'It is the one that `If-None-Match` names.',
    headers: ['ETag', 'CacheControl'],
  },
];
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The `ETag` of a copy at hand.',
  schema: { type: 'string' },
} as const;

const documentOperation = (path: string, operationId: string, summary: string): Operation => ({
  path,
  method: 'get',
  operationId,
  tag: 'Operations',
  summary,
  description: 'Made from the schemas that the server itself goes by; the `ETag` changes with it.',
  proof: 'none',
  parameters: [ifNoneMatch],
  answers: documentAnswers,
  refusals: [],
});

/** What platform engineers and their tools ask (contract §7). */
export const OPERATIONS_OPERATIONS: readonly Operation[] = [
  {
    path: '/healthz',
    method: 'get',
    operationId: 'isAlive',
    tag: 'Operations',
    summary: 'Whether the process lives',
    description: 'For whoever restarts what hangs. It looks at nothing but the process.',
    proof: 'none',
    answers: [
      {
        status: 200,
        description: 'It does.',
        json: { schema: 'Alive', examples: { alive: { summary: 'It lives', value: { status: 'ok' } } } },
      },
    ],
    refusals: [],
  },
  {
    path: '/readyz',
    method: 'get',
    operationId: 'isReady',
    tag: 'Operations',
    summary: 'Whether this instance should get traffic',
    description:
      'It should not while it drains, cannot write to its engine, hears its own hand-overs too late, or its event loop lags.',
    proof: 'none',
    answers: [
      {
        status: 200,
        description: 'It should.',
        json: {
          schema: 'Ready',
          examples: { ready: { summary: 'It is ready', value: { status: 'ready' } } },
        },
      },
    ],
    refusals: ['draining', 'not-ready'],
  },
  {
    path: '/metrics',
    method: 'get',
    operationId: 'scrapeMetrics',
    tag: 'Operations',
    summary: 'Metrics for Prometheus',
    description: 'Names begin with `agentcast_`. Nothing in it tells of a user, an agent or a connection.',
    proof: 'none',
    answers: [
      {
        status: 200,
        description: 'Every metric, in text format 0.0.4.',
        headers: ['CacheControl'],
        text: {
          mediaType: 'text/plain; version=0.0.4; charset=utf-8',
          example: '# TYPE agentcast_draining gauge\nagentcast_draining 0\n',
        },
      },
    ],
    refusals: [],
  },
  documentOperation('/openapi.json', 'getOpenApi', 'This document'),
  documentOperation('/asyncapi.json', 'getAsyncApi', 'The messages of the WebSocket (AsyncAPI 3.0)'),
];
