import type { ProblemCode, ProblemOptions } from '../../protocol/problems.ts';
import { PROBLEMS, problemType } from '../../protocol/problems.ts';
import type { Header } from './operation.ts';

export type Refusal = Pick<ProblemOptions, 'errors'> & {
  readonly when: string;
  readonly detail: string;
  /** Headers that always come with it. */
  readonly headers?: readonly Header[];
};

const waits: Pick<Refusal, 'headers'> = { headers: ['RetryAfter'] };

/** Every refusal there is: when it comes, and an example of it. */
export const REFUSALS: Readonly<Record<ProblemCode, Refusal>> = {
  'bad-request': {
    when: 'The request is not one that HTTP or this route takes.',
    detail: 'got a body of 12 characters, wanted none',
  },
  'invalid-parameters': {
    when: 'A parameter is wrong or unknown; `errors` has every fault.',
    detail: 'the query is not valid',
    errors: [
      {
        path: 'last_sequence_id',
        detail: 'got "-1", wanted an integer from 0 to 9007199254740991, or latest',
      },
    ],
  },
  'invalid-event': {
    when: 'The body is no JSON, or an event in it is wrong; `errors` has every fault. Nothing was published.',
    detail: 'the request is not valid',
    errors: [
      {
        path: 'events.3.payload.new_status',
        detail: 'got "done", wanted idle, working, stuck, failed, completed, cancelled',
      },
    ],
  },
  unauthorized: {
    when: 'Token or signature is missing or not accepted.',
    detail: 'the signature of this request was not accepted',
  },
  'origin-not-allowed': {
    when: 'The `Origin` is none of `WS_ALLOWED_ORIGINS`.',
    detail: 'this origin may not connect here',
  },
  'not-found': { when: 'There is no such thing.', detail: 'there is no such connection' },
  'method-not-allowed': { when: 'The route has another method.', detail: 'got DELETE, wanted GET, HEAD' },
  'idempotency-conflict': {
    when: 'This `webhook-id` was used with another body, or for another target.',
    detail: 'this webhook-id was used with another body within the last 10 minutes',
  },
  'too-large': {
    when: 'The body is larger than 1 MiB, or the payload of an event than 64 KiB.',
    detail: 'the body is larger than 1048576 bytes',
  },
  'unsupported-media-type': {
    when: 'The body is not announced as `application/json`.',
    detail: 'got text/plain, wanted application/json',
  },
  'upgrade-required': {
    when: 'A plain request, which would be accepted as an upgrade (of version 13).',
    detail: 'got a plain request, wanted a WebSocket upgrade; with one, this request would be accepted',
    headers: ['Upgrade'],
  },
  'too-many-connections': {
    when: 'The user has `WS_MAX_CONNECTIONS_PER_USER` connections.',
    detail: 'too many connections of this user',
    ...waits,
  },
  'too-many-upgrades': {
    when: 'The address had `WS_CONNECT_RATE_PER_ADDRESS` upgrades within a minute.',
    detail: 'too many upgrades from this address',
    ...waits,
  },
  'internal-error': { when: 'A fault of the server.', detail: 'this request failed on the server' },
  draining: { when: 'This instance is about to stop.', detail: 'this instance is draining', ...waits },
  'engine-unavailable': {
    when: 'The engine does not answer; said within 2 seconds.',
    detail: 'the engine does not answer',
    ...waits,
  },
  'instance-silent': {
    when: 'An instance that has such connections did not come for the order, and never will.',
    detail: 'did not come for the order: api-2; 1 connections were closed elsewhere',
    ...waits,
  },
  'keys-unavailable': {
    when: 'The key set that tokens are checked with cannot be had.',
    detail: 'the key set cannot be had',
    ...waits,
  },
  overloaded: {
    when: 'Too many bodies were on their way, and this one had been for longest.',
    detail: 'too many requests were on their way, and this one had been for longest; send it again',
    ...waits,
  },
  'not-ready': {
    when: 'This instance should get no traffic; `detail` says why.',
    detail: 'the engine does not answer',
    ...waits,
  },
  'instance-full': {
    when: 'This instance has `WS_MAX_CONNECTIONS_PER_INSTANCE` connections.',
    detail: 'this instance has its 10000 connections',
    ...waits,
  },
};

/** What a refused client gets, for example. */
export function exampleProblem(code: ProblemCode) {
  const { status, title } = PROBLEMS[code];
  const { detail, errors } = REFUSALS[code];
  return {
    type: problemType(code),
    title,
    status,
    detail,
    ...(errors === undefined ? {} : { errors }),
  };
}
