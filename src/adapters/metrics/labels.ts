import type { CatchUpReason, PublishOutcome, RateLimit, ReplayOutcome } from '../../core/ports/metrics.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import type { ProblemCode } from '../../protocol/problems.ts';
import { PROBLEMS } from '../../protocol/problems.ts';
import type { DropReason, Missing, ReplayReason } from '../../protocol/server-messages.ts';

/** Every value that a label takes: none of a user, an agent or a connection is among them, so none can be many. */

export type MissingLabel = Missing['reason'] | 'none';

const valuesOf = <Value extends string>(all: Record<Value, true>) => Object.keys(all) as Value[];

export const DROP_REASONS = valuesOf<DropReason>({ buffer_full: true, expired: true, rate_limited: true });
export const REPLAY_REASONS = valuesOf<ReplayReason>({ connected: true, requested: true, resync: true });
export const REPLAY_OUTCOMES = valuesOf<ReplayOutcome>({ caught_up: true, abandoned: true, replaced: true });
export const CATCH_UP_REASONS = valuesOf<CatchUpReason>({ connected: true, requested: true, repair: true });
export const ASKED_REASONS = CATCH_UP_REASONS.filter((reason) => reason !== 'repair');
export const RATE_LIMITS = valuesOf<RateLimit>({ connection: true, cluster: true });
export const MISSING = valuesOf<MissingLabel>({
  none: true,
  expired: true,
  trimmed: true,
  epoch_changed: true,
});
export const OUTCOMES = valuesOf<PublishOutcome>({
  accepted: true,
  duplicate: true,
  conflict: true,
  unavailable: true,
});
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** Ours, those of RFC 6455 §7.4.1 that a peer or a lost link brings, and one for whatever else a peer may send. */
export const CLOSE_CODES = [
  ...new Set([...Object.values(CLOSE).map(({ code }) => code), 1001, 1002, 1003, 1005, 1006, 1007, 1011]),
]
  .sort((one, other) => one - other)
  .map(String)
  .concat('other');

/** What a publish request is answered with (contract §5). */
export const PUBLISH_STATUSES = ['202', '400', '401', '409', '413', '415', '500', '503', 'other'];
