import { randomUUID } from 'node:crypto';
import { problemIn, problemLine } from '../client/errors.ts';
import type { PublishError } from '../client/index.ts';
import { createSigner } from '../client/publisher/signing.ts';
import type { ServiceKey } from '../config.ts';
import { printable } from '../demo/message-text.ts';
import { Failure } from './exit-status.ts';
import { nodeFetch } from './node-fetch.ts';

const ROOT = '/api/v1/internal/ws';
const TIMEOUT_MS = 15_000;

export type ServerAccess = { readonly url: string; readonly key: ServiceKey };

export type OperatorRequest = {
  readonly method: 'GET' | 'POST';
  /** Below the operators' root. */
  readonly path: string;
  /** The member of the answer that holds a list. */
  readonly list: string;
};

/**
 * Asks one of the operators' routes (contract §5), by a request signed now; gives the JSON of its answer.
 * @throws Failure that says what to do, where there is no answer within 15 seconds, or a refusal; the reason of `stop` once it aborts
 */
export async function operatorRequest(
  { url, key }: ServerAccess,
  { method, path, list }: OperatorRequest,
  stop: AbortSignal,
): Promise<unknown> {
  const target = `${ROOT}${path}`;
  const sign = createSigner({ service: key.name, key: key.secret });
  const patience = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const headers = await sign(randomUUID(), target);
    const signal = AbortSignal.any([stop, patience]);
    const response = await nodeFetch(`${url}${target}`, { method, headers, signal });
    const answer = jsonOf(url, response.status, await response.text());
    if (Array.isArray((answer as Record<string, unknown> | null)?.[list])) return answer;
    throw new Failure(`${url} answered without ${list}; is it an agentcast server (see --url)?`);
  } catch (error) {
    stop.throwIfAborted();
    if (error instanceof Failure) throw error;
    const { message, code } = error as NodeJS.ErrnoException;
    // Of several addresses of one name, all of which failed, there is no message.
    const reason = patience.aborted ? `nothing within ${TIMEOUT_MS / 1_000} s` : message || code;
    throw new Failure(`no answer from ${url}: ${reason}${remedyFor({ status: null, problem: null })}`);
  }
}

function jsonOf(url: string, status: number, text: string): unknown {
  if (status !== 200) {
    const problem = problemIn(text);
    const why = printable(problemLine(status, problem));
    throw new Failure(`${url} refused: ${why}${remedyFor({ status, problem })}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`${url} did not answer with JSON; is it an agentcast server (see --url)?`);
  }
}

/** What to do about a refusal, where there is more to say than the server says itself; else an empty text. */
export function remedyFor({ status, problem }: Pick<PublishError, 'status' | 'problem'>): string {
  if (status === null) return '; does the server run, is --url right?';
  if (status === 401) {
    return '; is the key (and its name) in INTERNAL_SERVICE_KEYS of that server, and are both clocks right?';
  }
  // Ours says what is not there.
  return status === 404 && problem === null ? '; is it an agentcast server (see --url)?' : '';
}
