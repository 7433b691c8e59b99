import type { Accepted, NotTaken } from './answers.ts';
import { SAFE_HEADERS } from './responses.ts';

/** One fault of a request: where it stands and what was wrong with it. */
export type Fault = { readonly path: string; readonly detail: string };

/** Every refusal there is, by its code; the wire form is RFC 9457 (contract §3, §5). */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'Bad request' },
  'invalid-parameters': { status: 400, title: 'Invalid parameters' },
  'invalid-event': { status: 400, title: 'Invalid event' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  'origin-not-allowed': { status: 403, title: 'Origin not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'idempotency-conflict': { status: 409, title: 'Idempotency conflict' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'upgrade-required': { status: 426, title: 'Upgrade required' },
  'too-many-connections': { status: 429, title: 'Too many connections' },
  'too-many-upgrades': { status: 429, title: 'Too many upgrades' },
  'internal-error': { status: 500, title: 'Internal error' },
  draining: { status: 503, title: 'Draining' },
  'engine-unavailable': { status: 503, title: 'Engine unavailable' },
  'instance-silent': { status: 503, title: 'Instance does not answer' },
  'keys-unavailable': { status: 503, title: 'Key set unavailable' },
  overloaded: { status: 503, title: 'Overloaded' },
  'not-ready': { status: 503, title: 'Not ready' },
  'instance-full': { status: 503, title: 'Instance full' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** A URN of ours, so that clients can tell refusals of one status apart. */
export const problemType = (code: ProblemCode): `urn:agentcast:problem:${ProblemCode}` =>
  `urn:agentcast:problem:${code}`;

export type ProblemOptions = {
  readonly errors?: readonly Fault[];
  /** When to try again, in milliseconds; the header says it in whole seconds, at least 1. */
  readonly retryAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a batch that was taken only in part: one per event. */
  readonly results?: readonly (Accepted | NotTaken)[];
};

export type Problem = { readonly code: ProblemCode; readonly detail: string } & ProblemOptions;

/** A refusal as an HTTP response with an `application/problem+json` body (RFC 9457). */
export function problemResponse({ code, detail, errors, results, retryAfterMs, headers }: Problem): Response {
  const { status, title } = PROBLEMS[code];
  const body = { type: problemType(code), title, status, detail, errors, results };
  const seconds = retryAfterMs === undefined ? null : Math.max(1, Math.ceil(retryAfterMs / 1000));
  const all = {
    ...headers,
    ...SAFE_HEADERS,
    'content-type': 'application/problem+json',
    ...(seconds !== null && { 'retry-after': String(seconds) }),
  };
  return new Response(JSON.stringify(body), { status, headers: all });
}
