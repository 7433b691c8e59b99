import type { Missing } from '../protocol/server-messages.ts';
import type { Tail } from './ports/engine.ts';

/**
 * How many numbers after a position are named where nobody knows how far that life of the stream went: it was flushed,
 * or is none of this engine's.
 */
export const UNKNOWN_END_SPAN = 1_000_000;

/** The place that a client says it has reached; it need not know the epoch. */
export type ClaimedPosition = { readonly epoch: string | null; readonly sequenceId: number };

/** Where a replay starts in the log, and what can no longer be delivered (G4). */
export type ReplayPlan = { readonly after: number; readonly missing: Missing | null };

type Gap = { readonly from: number; readonly to: number };

/**
 * Decides how a client at `claimed` goes on with a stream that ends at `tail`.
 *
 * Within a life of the stream, sequence ids only rise, over a change of epoch too: the new epoch starts further on. So
 * a position of an earlier epoch is still good for what the log holds, and the numbers that were skipped are what may
 * have been lost. Where the stream itself was lost, numbers start at 1 again, and nothing of the claimed position holds.
 */
export function planReplay(claimed: ClaimedPosition, tail: Tail): ReplayPlan {
  if (isOfAnotherLife(claimed, tail)) return planOfAnotherLife(claimed, tail);
  const after = Math.min(claimed.sequenceId, tail.sequenceId);
  const expired = gap(after + 1, tail.oldest - 1);
  const lost = lostWithEpoch(after, claimed, tail);
  if (lost === null && expired === null) return { after, missing: null };
  if (lost === null) return { after, missing: missing(expired, isTrimmed(tail) ? 'trimmed' : 'expired') };
  return { after, missing: missing(hull(expired, lost), 'epoch_changed') };
}

/** Whether `claimed` cannot be proven to belong to the life that the log tells of. */
function isOfAnotherLife({ epoch, sequenceId }: ClaimedPosition, tail: Tail): boolean {
  if (epoch === null || epoch === tail.epoch) return sequenceId > tail.sequenceId;
  return epoch !== tail.previous?.epoch || sequenceId >= tail.firstOfEpoch;
}

function planOfAnotherLife({ sequenceId }: ClaimedPosition, tail: Tail): ReplayPlan {
  const unknown = {
    from: sequenceId + 1,
    to: Math.max(sequenceId + UNKNOWN_END_SPAN, tail.firstOfEpoch - 1),
  };
  return { after: 0, missing: missing(hull(gap(1, tail.oldest - 1), unknown), 'epoch_changed') };
}

/** What may have been lost when the present epoch took over, for a client that comes from before it. */
function lostWithEpoch(after: number, { epoch }: ClaimedPosition, tail: Tail): Gap | null {
  const { previous, firstOfEpoch, oldest } = tail;
  if (previous === null) return null;
  // Who asks for the whole window is not told of a change that left it long ago.
  if (epoch === null && after === 0 && oldest >= firstOfEpoch) return null;
  return gap(Math.max(after, previous.sequenceId) + 1, firstOfEpoch - 1);
}

const isTrimmed = ({ trimmedTo, oldest }: Tail): boolean => trimmedTo > 0 && trimmedTo >= oldest - 1;

const gap = (from: number, to: number): Gap | null => (from <= to ? { from, to } : null);

const hull = (one: Gap | null, other: Gap): Gap =>
  one === null ? other : { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) };

const missing = (range: Gap | null, reason: Missing['reason']): Missing | null =>
  range === null ? null : { from_sequence_id: range.from, to_sequence_id: range.to, reason };
