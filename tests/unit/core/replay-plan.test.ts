import { describe, expect, it } from 'vitest';
import type { Tail } from '../../../src/core/ports/engine.ts';
import type { ClaimedPosition } from '../../../src/core/replay-plan.ts';
import { planReplay, UNKNOWN_END_SPAN } from '../../../src/core/replay-plan.ts';
import type { Missing } from '../../../src/protocol/server-messages.ts';

/** A stream in its first epoch that holds all of its 20 events, as far as `fields` do not say otherwise. */
const tailOf = (fields: Partial<Tail> = {}): Tail => ({
  epoch: 'now',
  sequenceId: 20,
  firstOfEpoch: 1,
  previous: null,
  oldest: 1,
  trimmedTo: 0,
  ...fields,
});

const at = (sequenceId: number, epoch: string | null = 'now'): ClaimedPosition => ({ epoch, sequenceId });

const missing = (from: number, to: number, reason: Missing['reason']): Missing => ({
  from_sequence_id: from,
  to_sequence_id: to,
  reason,
});

type Case = [what: string, claimed: ClaimedPosition, tail: Tail, after: number, missing: Missing | null];

describe('within one epoch', () => {
  it.each<Case>([
    ['fresh, an empty stream', at(0, null), tailOf({ sequenceId: 0, oldest: 1 }), 0, null],
    ['fresh, all of the stream is there', at(0, null), tailOf(), 0, null],
    ['resumes in the middle', at(7), tailOf(), 7, null],
    ['resumes in the middle, not knowing the epoch', at(7, null), tailOf(), 7, null],
    ['resumes at the end', at(20), tailOf(), 20, null],
    ['resumes at the oldest that is left', at(9), tailOf({ oldest: 10 }), 9, null],
    ['some expired', at(3), tailOf({ oldest: 10 }), 3, missing(4, 9, 'expired')],
    ['one expired', at(8), tailOf({ oldest: 10 }), 8, missing(9, 9, 'expired')],
    ['all expired', at(3), tailOf({ oldest: 21 }), 3, missing(4, 20, 'expired')],
    ['all expired, and at the end anyway', at(20), tailOf({ oldest: 21 }), 20, null],
    ['fresh, some expired', at(0, null), tailOf({ oldest: 10 }), 0, missing(1, 9, 'expired')],
    ['some trimmed', at(3), tailOf({ oldest: 10, trimmedTo: 9 }), 3, missing(4, 9, 'trimmed')],
    [
      'some trimmed once, and more expired since',
      at(3),
      tailOf({ oldest: 10, trimmedTo: 5 }),
      3,
      missing(4, 9, 'expired'),
    ],
    ['trimmed before it came', at(9), tailOf({ oldest: 10, trimmedTo: 9 }), 9, null],
  ])('%s', (_, claimed, tail, after, gone) => {
    expect(planReplay(claimed, tail)).toEqual({ after, missing: gone });
  });
});

describe('a position that nobody gave out', () => {
  it.each<Case>([
    ['beyond the end', at(21), tailOf(), 0, missing(22, 21 + UNKNOWN_END_SPAN, 'epoch_changed')],
    [
      'beyond the end, not knowing the epoch',
      at(21, null),
      tailOf(),
      0,
      missing(22, 21 + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'beyond the end, some expired too',
      at(21),
      tailOf({ oldest: 10 }),
      0,
      missing(1, 21 + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'in a stream that was lost',
      at(7, 'before'),
      tailOf({ sequenceId: 0, oldest: 1 }),
      0,
      missing(8, 7 + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'in a stream that was lost and filled again',
      at(7, 'before'),
      tailOf(),
      0,
      missing(8, 7 + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'at the start of a stream that was lost',
      at(0, 'before'),
      tailOf(),
      0,
      missing(1, UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
  ])('%s', (_, claimed, tail, after, gone) => {
    expect(planReplay(claimed, tail)).toEqual({ after, missing: gone });
  });
});

describe('over a change of epoch', () => {
  const first = 1_501;
  /** The epoch before ended at 10, as far as is known; three events came since; the log reaches back to 5. */
  const changed = (fields: Partial<Tail> = {}): Tail =>
    tailOf({
      firstOfEpoch: first,
      sequenceId: first + 2,
      previous: { epoch: 'before', sequenceId: 10 },
      oldest: 5,
      ...fields,
    });
  const skipped = missing(11, first - 1, 'epoch_changed');

  it.each<Case>([
    ['from the epoch before, what is left of it is delivered', at(7, 'before'), changed(), 7, skipped],
    ['from the end of the epoch before', at(10, 'before'), changed(), 10, skipped],
    [
      'from further than is known of the epoch before',
      at(14, 'before'),
      changed(),
      14,
      missing(15, first - 1, 'epoch_changed'),
    ],
    [
      'from the epoch before, some of it expired',
      at(2, 'before'),
      changed(),
      2,
      missing(3, first - 1, 'epoch_changed'),
    ],
    ['from the epoch before, nothing since', at(7, 'before'), changed({ sequenceId: first - 1 }), 7, skipped],
    [
      'from a number that the epoch before cannot have had',
      at(first, 'before'),
      changed(),
      0,
      missing(1, first + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'from an epoch before that',
      at(3, 'long ago'),
      changed(),
      0,
      missing(1, 3 + UNKNOWN_END_SPAN, 'epoch_changed'),
    ],
    [
      'from an epoch before that, and the present one began far beyond it',
      at(3, 'long ago'),
      changed({ firstOfEpoch: 5_000_001, sequenceId: 5_000_003 }),
      0,
      missing(1, 5_000_000, 'epoch_changed'),
    ],
    ['from the present epoch', at(first), changed(), first, null],
    ['from the start of the present epoch', at(first - 1), changed(), first - 1, null],
    ['not knowing the epoch, from before the change', at(7, null), changed(), 7, skipped],
    ['not knowing the epoch, from after it', at(first, null), changed(), first, null],
    [
      'fresh, and the change is still in the log',
      at(0, null),
      changed(),
      0,
      missing(1, first - 1, 'epoch_changed'),
    ],
    [
      'fresh, long after the change',
      at(0, null),
      changed({ oldest: first + 1 }),
      0,
      missing(1, first, 'expired'),
    ],
    [
      'from the epoch before, long after the change',
      at(7, 'before'),
      changed({ oldest: first + 1 }),
      7,
      missing(8, first, 'epoch_changed'),
    ],
    [
      'the epoch before left nothing in the log',
      at(7, 'before'),
      changed({ sequenceId: first - 1, oldest: first }),
      7,
      missing(8, first - 1, 'epoch_changed'),
    ],
  ])('%s', (_, claimed, tail, after, gone) => {
    expect(planReplay(claimed, tail)).toEqual({ after, missing: gone });
  });

  it('goes on where it was without naming the same again', () => {
    const tail = changed();
    const { after } = planReplay(at(7, 'before'), tail);
    expect(planReplay(at(after), tail).missing).toEqual(planReplay(at(7, 'before'), tail).missing);
    expect(planReplay(at(first + 1), tail)).toEqual({ after: first + 1, missing: null });
  });
});
