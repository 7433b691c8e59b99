/** How an attempt to read ended. */
export type Ending =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly detail: string;
      readonly retryAfterMs: number | null;
    }
  /** `hintMs`: what SERVER_DRAINING left of its time to wait. */
  | {
      readonly kind: 'closed';
      readonly code: number;
      readonly reason: string;
      readonly hintMs: number | null;
    };

/** What comes next, and a line that says why. */
export type Next =
  | { readonly kind: 'stop'; readonly status: 0 | 1; readonly why: string }
  | { readonly kind: 'again'; readonly afterMs: number; readonly why: string };

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** What a decision takes into account besides the ending. */
export type History = {
  /** Whether this address ever took a connection. */
  readonly wasConnected: boolean;
  /** Attempts that failed in a row. */
  readonly failures: number;
  /** From 0 to 1: spreads clients that were cut off together. */
  readonly chance: number;
};

/** Decides by the status of a refusal (contract §3) or the band of a close code (§4). */
export function nextStep(ending: Ending, { wasConnected, failures, chance }: History): Next {
  const longestMs = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** failures);
  const backoffMs = longestMs * (0.5 + chance / 2);
  switch (ending.kind) {
    case 'unreachable': {
      const why = `no answer: ${ending.reason}`;
      // An address that never answered is more likely wrong than away for a moment.
      return wasConnected ? { kind: 'again', afterMs: backoffMs, why } : { kind: 'stop', status: 1, why };
    }
    case 'refused': {
      const why = `refused: ${ending.detail}`;
      const isTemporary = ending.status === 429 || ending.status >= 500;
      if (!isTemporary) return { kind: 'stop', status: 1, why };
      return { kind: 'again', afterMs: Math.max(backoffMs, ending.retryAfterMs ?? 0), why };
    }
    case 'closed':
      return afterClose(ending, backoffMs);
  }
}

function afterClose({ code, reason, hintMs }: Ending & { kind: 'closed' }, backoffMs: number): Next {
  const name = `${code}${reason === '' ? '' : ` ${reason}`}`;
  if (hintMs !== null) return { kind: 'again', afterMs: hintMs, why: 'left the stopping server' };
  if (code === 1000) return { kind: 'stop', status: 0, why: `closed: ${name}` };
  if (code === 1009 || (code >= 4000 && code < 4100)) {
    const remedy = code === 4001 ? '; a fresh token is needed' : '';
    return { kind: 'stop', status: 1, why: `closed: ${name}${remedy}` };
  }
  if (code >= 4200 && code < 4300) return { kind: 'again', afterMs: 0, why: `closed: ${name}` };
  return {
    kind: 'again',
    afterMs: backoffMs,
    why: code === 1006 ? 'the connection was cut' : `closed: ${name}`,
  };
}
