import { fullJitter } from './clock.ts';
import type { ProblemDetails } from './errors.ts';
import { ConnectionEnded, problemLine } from './errors.ts';

/** What a plain GET of the same address was answered with: it says what a browser hides of a refused upgrade. */
export type Refusal = {
  readonly status: number;
  readonly problem: ProblemDetails | null;
  /** From `Retry-After`. */
  readonly retryAfterMs: number | null;
};

/** How an attempt or a connection ended. */
export type Ending =
  /** No connection came about; `refusal` where it was asked for and answered. */
  | { readonly kind: 'unopened'; readonly why: string; readonly refusal: Refusal | null }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  /** Nothing was heard for so long that the link must be dead. */
  | { readonly kind: 'silent'; readonly forMs: number }
  /** It sent a message that is not as the protocol has it: what it sends cannot be reckoned with. */
  | { readonly kind: 'garbled'; readonly type: string }
  /** By itself: as the server had asked, or for a fresh token. */
  | { readonly kind: 'left'; readonly why: string };

/** What comes next, and why, in words. */
export type Next =
  | { readonly kind: 'stop'; readonly error: ConnectionEnded | null; readonly why: string }
  | {
      readonly kind: 'again';
      readonly afterMs: number;
      readonly why: string;
      /** The token that was used will not do again. */
      readonly needsFreshToken: boolean;
      /** The server asked for this wait. */
      readonly isAskedFor: boolean;
    };

export type History = {
  /** Attempts that came to nothing, in a row, before this one. */
  readonly failures: number;
  /** From 0 up to, not including, 1. */
  readonly chance: number;
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** How long the server wanted this client to stay away, still; null where it said nothing. */
  readonly hintMs: number | null;
  /** Whether another token than the one used can be had. */
  readonly canRenew: boolean;
};

/** A `Retry-After` is believed up to here. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Decides by the status of a refusal (contract §3) or the band of a close code (§4). Pure. */
export function nextStep(ending: Ending, history: History): Next {
  const backoffMs = fullJitter(history.backoff, history.failures, history.chance);
  switch (ending.kind) {
    case 'left':
      // Sent away as soon as it is let in, again and again, is as good as not let in.
      return again(history.failures === 0 ? 0 : backoffMs, ending.why);
    case 'garbled':
      return again(backoffMs, `got a ${ending.type} that is not as the protocol has it`);
    case 'silent':
      return again(backoffMs, `nothing was heard for ${Math.round(ending.forMs)} ms`);
    case 'unopened':
      return ending.refusal === null
        ? again(backoffMs, ending.why)
        : afterRefusal(ending.refusal, history, backoffMs);
    case 'closed':
      return afterClose(ending, history, backoffMs);
  }
}

function afterRefusal(
  { status, problem, retryAfterMs }: Refusal,
  { canRenew }: History,
  backoffMs: number,
): Next {
  const why = `refused: ${problemLine(status, problem)}`;
  if (status === 401 && canRenew) return { ...again(0, why), needsFreshToken: true };
  if (status === 400 || status === 401 || status === 403)
    return stop(new ConnectionEnded('refused', why, { problem }));
  if (status === 426) return again(backoffMs, 'no connection came about, though the server would accept one');
  // On top of the wait asked for: those who were refused together do not come back together.
  const next = again(Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) + backoffMs, why);
  return { ...next, isAskedFor: retryAfterMs !== null };
}

function afterClose(
  { code, reason }: Extract<Ending, { kind: 'closed' }>,
  { failures, hintMs, canRenew }: History,
  backoffMs: number,
): Next {
  const why = `closed: ${code}${reason === '' ? '' : ` ${reason}`}`;
  if (code === 1000) return { kind: 'stop', error: null, why };
  if (code === 4001 && canRenew)
    return { ...again(failures === 0 ? 0 : backoffMs, why), needsFreshToken: true };
  if (code === 1009 || (code >= 4000 && code < 4100))
    return stop(new ConnectionEnded(code === 4001 ? 'token_expired' : 'closed', why, { closeCode: code }));
  // A server that says so again and again is not taken at its word.
  if (code >= 4200 && code < 4300) return again(failures === 0 ? 0 : backoffMs, why);
  // Closed together at the deadline of a drain, they do not come back together.
  if (hintMs !== null) return { ...again(hintMs + backoffMs, why), isAskedFor: true };
  return again(backoffMs, code === 1006 ? 'the connection was cut' : why);
}

const again = (afterMs: number, why: string): Extract<Next, { kind: 'again' }> => ({
  kind: 'again',
  afterMs,
  why,
  needsFreshToken: false,
  isAskedFor: false,
});

const stop = (error: ConnectionEnded): Next => ({ kind: 'stop', error, why: error.message });
