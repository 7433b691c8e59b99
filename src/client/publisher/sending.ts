import type { ClientClock } from '../clock.ts';
import { fullJitter } from '../clock.ts';
import type { ResponseLike } from '../socket.ts';
import type { Answer, Entry } from './batch.ts';
import {
  answerOf,
  bodyOf,
  givenUp,
  isTemporary,
  lineOf,
  noAnswer,
  rejectInvalid,
  settleAccepted,
} from './batch.ts';
import type { Sign } from './signing.ts';

const BACKOFF = { firstMs: 200, longestMs: 5_000 };

/** As much of `fetch` as is needed here. */
export type Fetch = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly redirect?: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<ResponseLike>;

export type SendingOptions = {
  /** Of the batch route. */
  readonly address: string;
  readonly sign: Sign;
  readonly fetch: Fetch;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly giveUpAfterMs: number;
  /** For one attempt. */
  readonly timeoutMs: number;
  /** Gives up at once. */
  readonly signal?: AbortSignal;
  /** Told of a request that will be sent again. */
  retrying?(why: string): void;
};

/**
 * Sends events as one request, under one webhook-id, until there is an answer that holds or the time is up. Every event gets its
 * answer, but for those that it gives back: they were refused only for what stood beside them. Rejects only where `signal` aborts,
 * with its reason.
 */
export async function send(entries: readonly Entry[], id: string, options: SendingOptions): Promise<Entry[]> {
  const { clock, random, giveUpAfterMs, retrying } = options;
  const body = bodyOf(entries);
  const startedAt = clock.now();
  let mayBeTaken = false;
  for (let failures = 0; ; failures++) {
    const answer = await attempt(id, body, options);
    if (!isTemporary(answer)) {
      const left = answer.status === 202 ? settleAccepted(entries, answer) : entries;
      return rejectInvalid(left, answer, mayBeTaken);
    }
    mayBeTaken ||= answer.mayBeTaken;
    const waitMs = (answer.retryAfterMs ?? 0) + fullJitter(BACKOFF, failures, random());
    const passedMs = clock.now() - startedAt;
    if (passedMs + waitMs > giveUpAfterMs) {
      // Of a batch that the engine took in part, what was taken is accepted.
      const error = givenUp(answer, { count: failures + 1, passedMs, mayBeTaken });
      for (const entry of settleAccepted(entries, answer)) entry.reject(error);
      return [];
    }
    retrying?.(lineOf(answer));
    await pause(waitMs, options);
  }
}

/** Signed anew each time. Whoever takes the connection and says nothing, as a proxy without a server may, is not waited for. */
async function attempt(id: string, body: string, options: SendingOptions): Promise<Answer> {
  const { address, sign, fetch, clock, timeoutMs, signal } = options;
  const patience = new AbortController();
  const stop = (): void => patience.abort();
  const cancel = clock.after(timeoutMs, () => patience.abort(new Error(`nothing within ${timeoutMs} ms`)));
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    const headers = { 'content-type': 'application/json', ...(await sign(id, body)) };
    // Followed, a redirect would take events and signature elsewhere, or ask for them by GET.
    const request = { method: 'POST', headers, body, redirect: 'manual', signal: patience.signal } as const;
    return await answerOf(await fetch(address, request));
  } catch (error) {
    signal?.throwIfAborted();
    return noAnswer(patience.signal.aborted ? patience.signal.reason : error);
  } finally {
    cancel();
    signal?.removeEventListener('abort', stop);
  }
}

function pause(milliseconds: number, { clock, signal }: SendingOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
  });
}
