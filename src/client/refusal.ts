import { plainAddress } from './address.ts';
import type { ClientClock } from './clock.ts';
import { problemIn, retryAfterMs } from './errors.ts';
import type { Refusal } from './next-step.ts';

export type Question = {
  /** Of the attempt that came to nothing. */
  readonly address: string;
  readonly token: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: ClientClock;
  readonly timeoutMs: number;
};

/**
 * Asks by a plain GET what an upgrade was refused for, which a browser does not tell (contract §3). null where there is no
 * answer, or none that this page may read: from another origin that takes CORS, which a proxy may add.
 */
export async function askWhy({ address, token, fetch, clock, timeoutMs }: Question): Promise<Refusal | null> {
  const patience = new AbortController();
  const cancel = clock.after(timeoutMs, () => patience.abort());
  try {
    const response = await fetch(plainAddress(address), {
      headers: { accept: 'application/problem+json', authorization: `Bearer ${token}` },
      signal: patience.signal,
    });
    const { status, headers } = response;
    return { status, problem: problemIn(await response.text()), retryAfterMs: retryAfterMs(headers) };
  } catch {
    return null;
  } finally {
    cancel();
  }
}
