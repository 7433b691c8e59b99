import type { Missing } from '../protocol/server-messages.ts';
import type { Delivery } from './events.ts';
import type { Range } from './ranges.ts';
import { within, without } from './ranges.ts';

/** "I have everything of this epoch up to here." */
export type Position = { readonly epoch: string; readonly sequenceId: number };

/** How far a client is in its stream. Every change of it is a function here, of what it was and what was heard. */
export type Stream = {
  /** null before the server has named one. */
  readonly epoch: string | null;
  /** The furthest event that was given out, or passed. */
  readonly applied: number;
  /** Where the server is on this connection. In a replay that was asked for it lies before `applied`. */
  readonly cursor: number;
  /** What the server shed and still has, in rising order: not given out, and before `applied`. */
  readonly holes: readonly Range[];
  /** The place after which the last replay was asked for. */
  readonly asked: number;
  readonly isReplaying: boolean;
};

export const newStream = (from: Position | null): Stream => ({
  epoch: from?.epoch ?? null,
  applied: from?.sequenceId ?? 0,
  cursor: from?.sequenceId ?? 0,
  holes: [],
  asked: from?.sequenceId ?? 0,
  isReplaying: false,
});

/** Where to go on: before the first hole, so that a cut does not make a loss of what was only shed. */
export function positionOf({ epoch, applied, holes }: Stream): Position | null {
  if (epoch === null) return null;
  const [first] = holes;
  return { epoch, sequenceId: first === undefined ? applied : first.from - 1 };
}

/** A replay after `positionOf` is asked for, by connecting or by REPLAY. */
export const replayAsked = (stream: Stream): Stream => ({
  ...stream,
  asked: positionOf(stream)?.sequenceId ?? 0,
});

/** CONNECTED without a replay: live from the end of the stream on. */
export const startedLive = (epoch: string, sequenceId: number): Stream => newStream({ epoch, sequenceId });

export type ReplayStart = {
  readonly reason: string;
  readonly epoch: string;
  readonly after_sequence_id: number;
  readonly missing: Missing | null;
};

/**
 * REPLAY_START. A replay that begins further back than it was asked for is of another life of the stream: numbers begin anew,
 * and nothing that was known of them holds. Otherwise they go on, over a change of epoch too.
 */
export function replayStarted(
  stream: Stream,
  { reason, epoch, after_sequence_id: after, missing }: ReplayStart,
): { readonly stream: Stream; readonly gaps: readonly Range[] } {
  const reference = reason === 'resync' ? stream.cursor : stream.asked;
  const goesOn = after >= reference && (epoch === stream.epoch || reference > 0);
  const range = missing === null ? null : { from: missing.from_sequence_id, to: missing.to_sequence_id };
  if (!goesOn) {
    // Who asked for whatever is kept has no gap where older events are gone.
    const isNew = stream.epoch === null && stream.applied === 0;
    const fresh = { ...newStream({ epoch, sequenceId: after }), isReplaying: true };
    return { stream: fresh, gaps: isNew || range === null ? [] : within(range, [range]) };
  }
  const wanted = [...stream.holes, { from: stream.applied + 1, to: Number.POSITIVE_INFINITY }];
  const gaps = range === null ? [] : within(range, wanted);
  const moved = { ...passed({ ...stream, cursor: reference }, after), epoch, cursor: after };
  return { stream: { ...moved, isReplaying: true }, gaps };
}

/** REPLAY_END: everything up to here was delivered, filtered out or named missing. */
export const replayEnded = (stream: Stream, sequenceId: number): Stream => ({
  ...passed(stream, sequenceId),
  isReplaying: false,
});

/** A persisted event came; `delivery` is null for one that was given out before. */
export function eventCame(
  stream: Stream,
  sequenceId: number,
): { readonly stream: Stream; readonly delivery: Delivery | null } {
  if (sequenceId <= stream.cursor) return { stream, delivery: null };
  return { stream: passed(stream, sequenceId), delivery: deliveryOf(stream, sequenceId) };
}

/** MESSAGES_DROPPED stands where its events would. */
export function eventsDropped(
  stream: Stream,
  { from, to }: Range,
  isRecoverable: boolean,
): { readonly stream: Stream; readonly gaps: readonly Range[] } {
  const lost = within({ from, to }, [...stream.holes, { from: stream.applied + 1, to }]);
  const next = passed(stream, to);
  if (!isRecoverable) return { stream: next, gaps: lost };
  // Told twice, it is one hole all the same.
  const holes = [...without(next.holes, { from, to }), ...lost].sort((one, other) => one.from - other.from);
  return { stream: { ...next, holes }, gaps: [] };
}

function deliveryOf({ applied, holes, isReplaying }: Stream, sequenceId: number): Delivery | null {
  if (sequenceId > applied) return isReplaying ? 'replayed' : 'live';
  return holes.some(({ from, to }) => from <= sequenceId && sequenceId <= to) ? 'recovered' : null;
}

/** The server went on to here, in order: there is nothing more to come of what it went over. */
function passed(stream: Stream, to: number): Stream {
  if (to <= stream.cursor) return stream;
  return {
    ...stream,
    cursor: to,
    applied: Math.max(stream.applied, to),
    holes: stream.holes.length === 0 ? stream.holes : without(stream.holes, { from: stream.cursor + 1, to }),
  };
}
