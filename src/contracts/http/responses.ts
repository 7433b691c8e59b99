import type { ProblemCode } from '../../protocol/problems.ts';
import { PROBLEMS, problemType } from '../../protocol/problems.ts';
import { refTo } from '../json-schema.ts';
import type { Answer, Body, Header, Operation } from './operation.ts';
import { exampleProblem, REFUSALS } from './refusals.ts';

const text = { type: 'string' };

export const HEADERS: Readonly<Record<Header, object>> = {
  RequestId: {
    description:
      'What the log of the server calls the request: the `x-request-id` that it came with, or a new one.',
    required: true,
    schema: text,
    example: 'Vq3n0cZt7LkA-2s',
  },
  RetryAfter: {
    description: 'When to come again, in seconds.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  WwwAuthenticate: { description: '`Bearer`', required: true, schema: text },
  ETag: { description: 'Names this version of the document.', required: true, schema: text },
  CacheControl: { description: 'How long it may be kept.', required: true, schema: text },
  Upgrade: { description: '`websocket`', required: true, schema: text },
};

const HEADER_NAMES: Readonly<Record<Header, string>> = {
  RequestId: 'X-Request-Id',
  RetryAfter: 'Retry-After',
  WwwAuthenticate: 'WWW-Authenticate',
  ETag: 'ETag',
  CacheControl: 'Cache-Control',
  Upgrade: 'Upgrade',
};

const headersOf = (headers: readonly Header[]) => ({
  headers: Object.fromEntries(
    headers.map((header) => [HEADER_NAMES[header], { $ref: `#/components/headers/${header}` }]),
  ),
});

/** JSON of a schema, with examples. */
export const jsonContent = ({ schema, examples }: Body) => ({
  'application/json': { schema: refTo(schema), examples },
});

/** Every response of an operation, by status. */
export function responsesOf({ answers, refusals, proof }: Operation): Record<string, object> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...refusals, 'internal-error'] as const) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const refused = [...byStatus].map(([status, codes]) => [status, refusal(codes, proof)] as const);
  // A number as a key puts itself in order.
  return Object.fromEntries([
    ...answers.map((answer) => [answer.status, response(answer)] as const),
    ...refused,
  ]);
}

function response({ status, description, headers = [], json, text, document }: Answer): object {
  const content = {
    ...(json === undefined ? {} : jsonContent(json)),
    ...(text === undefined
      ? {}
      : { [text.mediaType]: { schema: { type: 'string' }, example: text.example } }),
    ...(document === undefined ? {} : { 'application/json': { schema: { type: 'object' } } }),
  };
  // An upgrade is answered by the WebSocket library.
  const all: readonly Header[] = status === 101 ? headers : ['RequestId', ...headers];
  return { description, ...headersOf(all), ...(Object.keys(content).length === 0 ? {} : { content }) };
}

function refusal(codes: readonly ProblemCode[], proof: Operation['proof']): object {
  const always = codes.flatMap((code) => REFUSALS[code].headers ?? []);
  const asked: readonly Header[] =
    codes.includes('unauthorized') && proof === 'token' ? ['WwwAuthenticate'] : [];
  const types = codes.map(problemType);
  return {
    description: codes.map((code) => `\`${code}\`: ${REFUSALS[code].when}`).join('\n\n'),
    ...headersOf(['RequestId', ...new Set([...always, ...asked])]),
    content: {
      'application/problem+json': {
        schema: { allOf: [refTo('Problem'), { properties: { type: { enum: types } } }] },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

/** An example of each refusal that some operation has. */
export const problemExamples = (operations: readonly Operation[]): Record<string, object> =>
  Object.fromEntries(
    (Object.keys(PROBLEMS) as ProblemCode[])
      .filter(
        (code) => code === 'internal-error' || operations.some(({ refusals }) => refusals.includes(code)),
      )
      .map((code) => [code, { summary: PROBLEMS[code].title, value: exampleProblem(code) }]),
  );
