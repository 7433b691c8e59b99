import type { ProblemDetails, ProblemFault } from '../errors.ts';
import { problemIn, problemLine } from '../errors.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { ResponseLike } from '../socket.ts';
import { PublishError } from './publish-error.ts';

/** What the server accepts in one request (contract §5). */
export const MOST_EVENTS = 500;
export const MOST_BYTES = 1024 * 1024;

/** An accepted event; `sequence_id` is null for progress, which is not kept. */
export type Published = {
  readonly sequence_id: number | null;
  readonly epoch: string;
  /** It had been accepted when it was sent again. */
  readonly duplicate?: true;
};

/** An event that waits for its answer. */
export type Entry = {
  readonly json: string;
  /** Of the JSON, in UTF-8. */
  readonly bytes: number;
  resolve(published: Published): void;
  reject(error: PublishError): void;
};

const OPENING = '{"events":[';
const CLOSING = ']}';
const AROUND = OPENING.length + CLOSING.length;

/** Whether an event fits into a request at all. */
export const fits = (bytes: number): boolean => bytes + AROUND <= MOST_BYTES;

/** How many from the front go in one request; at least one. */
export function batchSize(queue: readonly { readonly bytes: number }[]): number {
  let bytes = AROUND;
  let size = 0;
  for (const entry of queue.slice(0, MOST_EVENTS)) {
    bytes += entry.bytes + (size === 0 ? 0 : 1);
    if (bytes > MOST_BYTES) break;
    size++;
  }
  return Math.max(1, size);
}

export const bodyOf = (entries: readonly Entry[]): string =>
  `${OPENING}${entries.map(({ json }) => json).join(',')}${CLOSING}`;

/** null for an event that was not taken, and for what is no result. */
type Item = Published | null;

/** What one attempt came to. */
export type Answer = {
  /** null: no answer came. */
  readonly status: number | null;
  /** Why none came, where that is known. */
  readonly reason: string;
  readonly problem: ProblemDetails | null;
  /** One for each event, where the server said so. */
  readonly items: readonly Item[];
  readonly retryAfterMs: number | null;
  /** Whether a server may have taken events that it gave no result for. */
  readonly mayBeTaken: boolean;
};

/** An attempt that came to nothing. */
export const noAnswer = (error: unknown): Answer => ({
  status: null,
  reason: reasonOf(error),
  problem: null,
  items: [],
  retryAfterMs: null,
  mayBeTaken: !isUnreached(error),
});

export async function answerOf(response: ResponseLike): Promise<Answer> {
  const text = await response.text();
  const { status, headers } = response;
  return {
    status,
    reason: '',
    problem: problemIn(text),
    items: itemsIn(text),
    retryAfterMs: retryAfterMs(headers),
    mayBeTaken: status !== 429,
  };
}

/** An answer in words. */
export function lineOf({ status, reason, problem }: Answer): string {
  if (status !== null) return problemLine(status, problem);
  return reason === '' ? 'no answer' : `no answer: ${reason}`;
}

/** What `fetch` says is often only that it failed, and its cause says why; where a name has several addresses, only a code does. */
function reasonOf(error: unknown): string {
  const {
    message = '',
    code = '',
    cause,
  } = (error ?? {}) as {
    message?: string;
    code?: string;
    cause?: unknown;
  };
  return (cause === undefined ? '' : reasonOf(cause)) || message || code;
}

/**
 * Whether there was no connection to send anything over: Node tells by the call that failed, in each cause, of each address. Where
 * a runtime does not tell, something may have been sent.
 */
function isUnreached(error: unknown): boolean {
  const { syscall, cause, errors } = (error ?? {}) as { syscall?: string; cause?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isUnreached);
  return cause === undefined ? syscall === 'connect' || syscall === 'getaddrinfo' : isUnreached(cause);
}

/** Whether the same request may be taken later: nobody answered, or somebody who cannot at the moment. */
export const isTemporary = ({ status }: Answer): boolean =>
  status === null || status === 429 || status >= 500;

/** Resolves what was accepted; gives the rest. */
export function settleAccepted(entries: readonly Entry[], { items }: Answer): Entry[] {
  return entries.filter((entry, index) => {
    const item = items[index];
    if (item === undefined || item === null) return true;
    entry.resolve(item);
    return false;
  });
}

/**
 * Rejects the events that were refused for what they are; gives those that only stood beside them. Where nothing says which
 * they are, all are.
 * @param mayBeTaken whether one of the attempts before may have been
 */
export function rejectInvalid(entries: readonly Entry[], answer: Answer, mayBeTaken: boolean): Entry[] {
  const faults = entries.map((_, index) => faultsOf(answer.problem, index));
  const named = faults.some(({ length }) => length > 0);
  return entries.filter((entry, index) => {
    const own = faults[index] ?? [];
    if (named && own.length === 0) return true;
    entry.reject(own.length > 0 ? invalidFor(answer, own) : refusalOf(answer, mayBeTaken));
    return false;
  });
}

/** All attempts of a request that was given up. */
export type Attempts = { readonly count: number; readonly passedMs: number; readonly mayBeTaken: boolean };

/** The error of an event that was given up, with the last answer. */
export function givenUp(answer: Answer, { count, passedMs, mayBeTaken }: Attempts): PublishError {
  const { status, problem } = answer;
  const outcome = mayBeTaken ? 'not known whether it was published, after' : 'not published in';
  const attempts = `${count} attempt${count === 1 ? '' : 's'} within ${(passedMs / 1_000).toFixed(1)} s`;
  return new PublishError('unavailable', `${outcome} ${attempts}; the last: ${lineOf(answer)}`, {
    status,
    problem,
    mayBePublished: mayBeTaken,
  });
}

function invalidFor({ status, problem }: Answer, faults: readonly ProblemFault[]): PublishError {
  const line = faults.map(({ path, detail }) => `${path}: ${detail}`).join('; ');
  return new PublishError('invalid', `the event is not valid: ${line}`, { status, problem, faults });
}

function refusalOf(answer: Answer, mayBeTaken: boolean): PublishError {
  const { status, problem } = answer;
  const isUnclear = status === 202;
  const why = isUnclear
    ? 'got a 202 without a result for each event, wanted the answer of an agentcast server'
    : `refused: ${lineOf(answer)}`;
  return new PublishError('refused', why, { status, problem, mayBePublished: mayBeTaken || isUnclear });
}

function faultsOf(problem: ProblemDetails | null, index: number): ProblemFault[] {
  const whole = `events.${index}`;
  return (problem?.errors ?? [])
    .filter(({ path }) => path === whole || path.startsWith(`${whole}.`))
    .map(({ path, detail }) => ({ path: path.slice(whole.length + 1), detail }));
}

function itemsIn(text: string): readonly Item[] {
  try {
    const { results } = JSON.parse(text) as { results?: readonly Item[] };
    return Array.isArray(results) ? results.map((item) => (isPublished(item) ? item : null)) : [];
  } catch {
    return [];
  }
}

const isPublished = (item: Partial<Published> | null): boolean =>
  typeof item?.epoch === 'string' && (item.sequence_id === null || Number.isSafeInteger(item.sequence_id));
