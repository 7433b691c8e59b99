import { describe, expect, test } from 'vitest';
import {
  eventCame,
  eventsDropped,
  newStream,
  positionOf,
  replayAsked,
  replayEnded,
  replayStarted,
  type Stream,
  startedLive,
} from '../../../src/client/stream.ts';

const start = (
  after: number,
  {
    epoch = 'A',
    reason = 'connected',
    missing,
  }: { epoch?: string; reason?: string; missing?: [number, number] } = {},
) => ({
  reason,
  epoch,
  after_sequence_id: after,
  missing:
    missing === undefined
      ? null
      : { from_sequence_id: missing[0], to_sequence_id: missing[1], reason: 'trimmed' as const },
});

/** Lets events come; gives how each was delivered. */
function come(stream: Stream, ...sequenceIds: number[]) {
  let now = stream;
  const deliveries = sequenceIds.map((sequenceId) => {
    const result = eventCame(now, sequenceId);
    now = result.stream;
    return result.delivery;
  });
  return { stream: now, deliveries };
}

const live = (sequenceId: number): Stream => startedLive('A', sequenceId);

describe('the position', () => {
  test('is unknown at first, begins with the replay, and follows what comes', () => {
    let stream = newStream(null);
    expect(positionOf(stream)).toBeNull();
    stream = replayStarted(replayAsked(stream), start(0)).stream;
    expect(positionOf(stream)).toEqual({ epoch: 'A', sequenceId: 0 });
    const replayed = come(stream, 1, 2, 5);
    expect(replayed.deliveries).toEqual(['replayed', 'replayed', 'replayed']);
    stream = replayEnded(replayed.stream, 9);
    expect(positionOf(stream)).toEqual({ epoch: 'A', sequenceId: 9 });
    expect(come(stream, 10).deliveries).toEqual(['live']);
  });

  test('what comes again is given out once', () => {
    expect(come(live(0), 1, 1, 2, 1, 3).deliveries).toEqual(['live', null, 'live', null, 'live']);
  });

  test('stays before what was shed, until that came or the server went over it', () => {
    const dropped = eventsDropped(live(10), { from: 11, to: 14 }, true);
    expect(dropped.gaps).toEqual([]);
    const after = come(dropped.stream, 15, 16);
    expect(after.deliveries).toEqual(['live', 'live']);
    expect(positionOf(after.stream)).toEqual({ epoch: 'A', sequenceId: 10 });

    const replay = replayStarted(replayAsked(after.stream), start(10, { reason: 'requested' })).stream;
    const first = come(replay, 11, 13);
    expect(first.deliveries).toEqual(['recovered', 'recovered']);
    // 12 was filtered out; a cut here resumes behind 13.
    expect(positionOf(first.stream)).toEqual({ epoch: 'A', sequenceId: 13 });
    const rest = come(first.stream, 14, 15, 16, 17);
    expect(rest.deliveries).toEqual(['recovered', null, null, 'replayed']);
    expect(positionOf(replayEnded(rest.stream, 17))).toEqual({ epoch: 'A', sequenceId: 17 });
  });

  test('events that still come live between the request and its replay take nothing off what was shed', () => {
    const dropped = eventsDropped(live(10), { from: 11, to: 14 }, true).stream;
    const asked = replayAsked(come(dropped, 15).stream);
    const more = come(asked, 16).stream;
    expect(positionOf(more)).toEqual({ epoch: 'A', sequenceId: 10 });
    const replay = replayStarted(more, start(10, { reason: 'requested' })).stream;
    expect(come(replay, 12, 16, 17).deliveries).toEqual(['recovered', null, 'replayed']);
  });

  test('what was shed is given out in a replay alone, so that it is never given out twice', () => {
    const dropped = eventsDropped(live(10), { from: 11, to: 14 }, true).stream;
    expect(come(dropped, 12, 15).deliveries).toEqual([null, 'live']);
  });

  test('of several holes, the first is where to go on', () => {
    let stream = eventsDropped(live(10), { from: 11, to: 12 }, true).stream;
    stream = eventsDropped(come(stream, 13).stream, { from: 14, to: 15 }, true).stream;
    expect(positionOf(stream)).toEqual({ epoch: 'A', sequenceId: 10 });
    const replay = replayStarted(replayAsked(stream), start(10, { reason: 'requested' })).stream;
    const cut = come(replay, 11, 12, 13).stream;
    expect(positionOf(cut)).toEqual({ epoch: 'A', sequenceId: 13 });
  });
});

describe('gaps', () => {
  test('what is missing beyond the position is named; older numbers are none of it', () => {
    const { stream, gaps } = replayStarted(replayAsked(live(10)), start(10, { missing: [5, 30] }));
    expect(gaps).toEqual([{ from: 11, to: 30 }]);
    // Missing ranges can hold events that come nonetheless.
    expect(come(stream, 31).deliveries).toEqual(['replayed']);
  });

  test('of what was shed, only that is missing which was not given out', () => {
    let stream = eventsDropped(live(10), { from: 11, to: 14 }, true).stream;
    stream = come(stream, 15, 16, 17).stream;
    const asked = replayAsked(stream);
    expect(replayStarted(asked, start(10, { reason: 'requested', missing: [11, 16] })).gaps).toEqual([
      { from: 11, to: 14 },
    ]);
  });

  test('what was shed for good is a gap at once, and the position goes over it', () => {
    const { stream, gaps } = eventsDropped(live(10), { from: 11, to: 14 }, false);
    expect(gaps).toEqual([{ from: 11, to: 14 }]);
    expect(positionOf(stream)).toEqual({ epoch: 'A', sequenceId: 14 });
  });

  test('who asks for whatever is kept has none where older events are gone', () => {
    expect(replayStarted(newStream(null), start(0, { missing: [1, 500] })).gaps).toEqual([]);
  });
});

describe('another epoch', () => {
  test('of the same life: numbers go on, and what was given out is not given out again', () => {
    const { stream, gaps } = replayStarted(
      replayAsked(live(10)),
      start(10, { epoch: 'B', missing: [11, 1010] }),
    );
    expect(gaps).toEqual([{ from: 11, to: 1010 }]);
    expect(positionOf(stream)).toEqual({ epoch: 'B', sequenceId: 10 });
    expect(come(stream, 9, 1011).deliveries).toEqual([null, 'replayed']);
  });

  test('of another life: numbers begin anew, and so does everything', () => {
    const shed = eventsDropped(live(10), { from: 11, to: 14 }, true).stream;
    const { stream, gaps } = replayStarted(
      replayAsked(shed),
      start(0, { epoch: 'B', missing: [11, 1_000_010] }),
    );
    expect(gaps).toEqual([{ from: 11, to: 1_000_010 }]);
    expect(come(stream, 1, 2).deliveries).toEqual(['replayed', 'replayed']);
    expect(positionOf(come(stream, 1, 2).stream)).toEqual({ epoch: 'B', sequenceId: 2 });
  });

  test('in the middle of a recovery: the numbers go on from where the server was', () => {
    let stream = eventsDropped(live(10), { from: 11, to: 14 }, true).stream;
    stream = come(stream, 15, 16, 17).stream;
    stream = replayStarted(replayAsked(stream), start(10, { reason: 'requested' })).stream;
    stream = come(stream, 11, 12).stream;
    stream = replayStarted(stream, start(12, { epoch: 'B', reason: 'resync', missing: [18, 1017] })).stream;
    expect(come(stream, 13, 14, 15, 1018).deliveries).toEqual(['recovered', 'recovered', null, 'replayed']);
  });

  test('the server sees by itself that the stream was flushed', () => {
    const { stream } = replayStarted(
      live(10),
      start(0, { epoch: 'B', reason: 'resync', missing: [11, 1_000_010] }),
    );
    expect(come(stream, 1).deliveries).toEqual(['replayed']);
  });
});
