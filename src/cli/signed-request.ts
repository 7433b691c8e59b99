import { signRequest } from '../adapters/auth/signatures.ts';
import type { ServiceKey } from '../config.ts';
import { exchange } from './exchange.ts';

const TIMEOUT_MS = 15_000;

export type ServerAccess = { readonly url: string; readonly key: ServiceKey };

export type RequestToSign = {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  /** `webhook-id`: the same once more publishes nothing twice. */
  readonly id: string;
  /** JSON; absent: the target is signed in its place. */
  readonly body?: string;
};

export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string; readonly retryAfterMs: number }
  | { readonly kind: 'silence'; readonly reason: string };

/**
 * Sends a request signed now (Standard Webhooks, contract §5). Any answer is one, a refusal too; no answer within
 * 15 seconds is silence. Rejects only where `stop` aborts, with its reason.
 */
export async function signedRequest(
  { url, key }: ServerAccess,
  { method, target, id, body }: RequestToSign,
  stop: AbortSignal,
): Promise<Answer> {
  const timestamp = new Date();
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'x-service-name': key.name,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
    'webhook-signature': signRequest({ id, timestamp, content: body ?? target, secret: key.secret }),
  };
  try {
    const options = { method, headers, body, timeoutMs: TIMEOUT_MS };
    const { status, retryAfter, text } = await exchange(`${url}${target}`, options, stop);
    // A date, which a proxy may send here, is taken as "soon".
    return { kind: 'answer', status, text, retryAfterMs: (Number(retryAfter) || 0) * 1000 };
  } catch (error) {
    stop.throwIfAborted();
    const { message, code } = error as NodeJS.ErrnoException;
    // Of several addresses of one name, all of which failed, there is no message.
    return { kind: 'silence', reason: message || String(code) };
  }
}

/** What to do about a refusal, where there is more to say than the server says itself; else an empty text. */
export function remedyFor(status: number): string {
  if (status === 401) {
    return '; is the key (and its name) in INTERNAL_SERVICE_KEYS of that server, and are both clocks right?';
  }
  return status === 404 ? '; is it an agentcast server (see --url)?' : '';
}
