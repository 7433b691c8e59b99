import { plainAddress } from './address.ts';
import type { ClientClock } from './clock.ts';
import { problemIn } from './errors.ts';
import type { Refusal } from './next-step.ts';
import { retryAfterMs } from './retry-after.ts';
import type { ResponseLike } from './socket.ts';

export type Question = {
  /** Of the attempt that came to nothing. */
  readonly address: string;
  readonly token: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: ClientClock;
  readonly timeoutMs: number;
  /** Aborts when nobody wants to know any more. */
  readonly closing: AbortSignal;
};

/** A refusal as the server words it; without words where its body does not come. */
export async function refusalOf(response: ResponseLike): Promise<Refusal> {
  const { status, headers } = response;
  const text = await response.text().catch(() => '');
  return { status, problem: problemIn(text), retryAfterMs: retryAfterMs(headers) };
}

/**
 * Asks by a plain GET what an upgrade was refused for, which a browser does not tell (contract §3). null where there is no
 * answer, or none that this page may read: that of a server which does not let this origin in (CORS).
 */
export async function askWhy(question: Question): Promise<Refusal | null> {
  const { address, token, fetch, clock, timeoutMs, closing } = question;
  const patience = new AbortController();
  const stop = (): void => patience.abort();
  const cancel = clock.after(timeoutMs, stop);
  closing.addEventListener('abort', stop);
  try {
    const response = await fetch(plainAddress(address), {
      headers: { accept: 'application/problem+json', authorization: `Bearer ${token}` },
      signal: patience.signal,
    });
    return await refusalOf(response);
  } catch {
    return null;
  } finally {
    cancel();
    closing.removeEventListener('abort', stop);
  }
}
