/** How long a publish request is remembered by its webhook-id, in ms (contract §5). */
export const IDEMPOTENCY_WINDOW_MS = 10 * 60_000;

/** How long a request's id stays bound to its body: longer than any answer stored after the claim, in ms. */
export const CLAIM_MS = IDEMPOTENCY_WINDOW_MS + 60_000;

/**
 * How long the end of a quiet stream is remembered after its last event or reader, in ms. A client that comes back
 * later is told that the epoch changed.
 */
export const STREAM_MEMORY_MS = 7 * 24 * 3_600_000;

/** Most bytes of frames that one page of a log has, unless a single event is larger. */
export const PAGE_BYTES = 64 * 1024;

/** Of how many tasks a user's progress is remembered at most (G10). */
export const MOST_TASKS = 1_000;

/** How long an upgrade counts among those of its client's network, in ms (contract §2): the window slides with each. */
export const UPGRADE_SPAN_MS = 60_000;

/** What a user at the limit of connections is told to wait, in ms, since nobody knows when one will close. */
export const CONNECTION_RETRY_MS = 5_000;

/** What an engine is made with, whichever it is. */
export type EngineOptions = {
  readonly instanceId: string;
  readonly replayWindowMs: number;
  readonly maxReplayMessages: number;
  /** Most events that one page of a log has. */
  readonly pageEvents: number;
  /** 0 = unlimited, here and below. */
  readonly maxConnectionsPerUser: number;
  readonly connectRatePerAddress: number;
};
