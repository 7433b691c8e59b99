import type { ClientClock } from '../clock.ts';
import { fullJitter } from '../clock.ts';
import type { Answer, Entry } from './batch.ts';
import { answerOf, bodyOf, givenUp, isTemporary, NO_ANSWER, rejectInvalid, settleAccepted } from './batch.ts';
import type { Sign } from './signing.ts';

const BACKOFF = { firstMs: 200, longestMs: 5_000 };

export type SendingOptions = {
  readonly address: string;
  readonly service: string;
  readonly sign: Sign;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly giveUpAfterMs: number;
  readonly timeoutMs: number;
};

type Request = { readonly id: string; readonly body: string };

/**
 * Sends events as one request, under one webhook-id, until there is an answer that holds or the time is up. Every event gets its
 * answer, but for those that it gives back: they were refused only for what stood beside them.
 */
export async function send(entries: readonly Entry[], options: SendingOptions): Promise<Entry[]> {
  const { clock, random, giveUpAfterMs } = options;
  const request = { id: crypto.randomUUID(), body: bodyOf(entries) };
  const startedAt = clock.now();
  for (let failures = 0; ; failures++) {
    const answer = await attempt(request, options);
    if (!isTemporary(answer)) {
      const left = answer.status === 202 ? settleAccepted(entries, answer) : entries;
      return rejectInvalid(left, answer);
    }
    const waitMs = (answer.retryAfterMs ?? 0) + fullJitter(BACKOFF, failures, random());
    const passedMs = clock.now() - startedAt;
    if (passedMs + waitMs > giveUpAfterMs) {
      // Of a batch that the engine took in part, what was taken is accepted.
      for (const entry of settleAccepted(entries, answer)) entry.reject(givenUp(answer, passedMs));
      return [];
    }
    await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  }
}

/** Signed anew each time: a signature is good for five minutes only. */
async function attempt({ id, body }: Request, options: SendingOptions): Promise<Answer> {
  const { address, service, sign, fetch, clock, timeoutMs } = options;
  const seconds = Math.floor(Date.now() / 1_000);
  const patience = new AbortController();
  const cancel = clock.after(timeoutMs, () => patience.abort());
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-service-name': service,
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': await sign(id, seconds, body),
      },
      body,
      signal: patience.signal,
    });
    return await answerOf(response);
  } catch {
    return NO_ANSWER;
  } finally {
    cancel();
  }
}
