import type { Missing } from '../protocol/server-messages.ts';
import type { Position, Tail } from './ports/engine.ts';
import type { CatchUpReason } from './ports/metrics.ts';

/** One way through the log, from where the client is to where the stream is. */
export type CatchUp = {
  /** What a client asked for is announced with REPLAY_START and REPLAY_END; a repair that finds everything stays silent. */
  readonly reason: CatchUpReason;
  /** When it began, by `Clock.elapsed`. */
  readonly since: number;
  announced: boolean;
  /** Since it began, and since the last REPLAY_START. */
  events: number;
  delivered: number;
  /** Up to where the stream was named missing: in another epoch, the same numbers are other events. */
  named: Position | null;
  /** The furthest that was heard of the stream meanwhile: a page that ends before it is not the end. */
  heard: Position | null;
};

/** Whether something is missing that this client was not told of. */
export const isNews = (missing: Missing | null, epoch: string, named: Position | null): boolean =>
  missing !== null && (named?.epoch !== epoch || missing.to_sequence_id > named.sequenceId);

/** What was named of a life that ended says nothing of the numbers that the next one gives out. */
export function namedOf({ to_sequence_id }: Missing, { epoch, oldest, firstOfEpoch }: Tail): Position {
  return { epoch, sequenceId: Math.min(to_sequence_id, Math.max(oldest, firstOfEpoch) - 1) };
}
