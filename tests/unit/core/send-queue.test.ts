import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dropped } from '../../../src/core/dropped.ts';
import { SendQueue } from '../../../src/core/send-queue.ts';
import type { Waiting } from '../../../src/core/waiting.ts';
import type { Priority } from '../../../src/protocol/events.ts';
import { noWitness, queuedEvent } from '../../support/outbox-rig.ts';

/** What a queue holds, in short: sequence ids, and what was shed as `x<from>-<to>:<count>`. */
const told = (items: readonly Waiting[]): (number | string)[] =>
  items.map((item) => {
    if (!(item instanceof Dropped)) return item.header?.position?.sequenceId ?? 'free';
    const { payload } = item.message as Extract<typeof item.message, { type: 'MESSAGES_DROPPED' }>;
    return `x${payload.from_sequence_id}-${payload.to_sequence_id}:${payload.count}`;
  });

const all = (queue: SendQueue) => told(queue.take(1_000_000, () => true));

function filled(most: number, ...priorities: Priority[]): { queue: SendQueue; added: boolean[] } {
  const queue = new SendQueue(most, noWitness);
  const added = priorities.map((priority, index) =>
    queue.pushEvent(queuedEvent(index + 1, priority), 'buffer_full'),
  );
  return { queue, added };
}

describe('a full queue', () => {
  it('sheds the lowest priority first, in the place where it stood', () => {
    const { queue } = filled(3, 'low', 'high', 'normal', 'high');
    expect(all(queue)).toEqual(['x1-1:1', 2, 3, 4]);
  });

  it('sheds the newest of equals, which may be the one that comes', () => {
    const { queue } = filled(2, 'normal', 'normal', 'normal', 'normal');
    expect(all(queue)).toEqual([1, 2, 'x3-4:2']);
  });

  it('never sheds a critical one, and says so when there is nothing else', () => {
    const { queue, added } = filled(2, 'critical', 'normal', 'critical', 'critical', 'high');
    expect(added).toEqual([true, true, true, false, true]);
    expect(all(queue)).toEqual([1, 'x2-2:1', 3, 'x5-5:1']);
  });

  it('names in one what stood together, and apart what did not', () => {
    const { queue } = filled(3, 'low', 'low', 'critical', 'critical', 'critical', 'low', 'low');
    expect(all(queue)).toEqual(['x1-2:2', 3, 4, 5, 'x6-7:2']);
  });

  it('does not name in one what was shed for different reasons', () => {
    const { queue } = filled(1, 'normal', 'normal');
    queue.pushEvent(queuedEvent(3), 'rate_limited');
    expect(all(queue)).toEqual([1, 'x2-2:1', 'x3-3:1']);
  });
});

describe('what waits', () => {
  it('expires, but for critical events, and leaves its name in its place', () => {
    const { queue } = filled(10, 'normal', 'critical', 'high', 'low');
    queue.stamp(1_000);
    queue.pushEvent(queuedEvent(5), 'buffer_full');
    queue.stamp(2_000);
    queue.expire(1_000);
    expect(queue.events).toBe(5);
    queue.expire(1_001);
    expect(queue.events).toBe(2);
    expect(all(queue)).toEqual(['x1-1:1', 2, 'x3-4:2', 5]);
  });

  it('goes up to the first event that is not paid for; what costs nothing goes with what stands before it', () => {
    const { queue } = filled(10, 'normal', 'normal');
    queue.pushFree({ header: null, type: 0, frame: 'free', sequenceId: 0 });
    let paid = 0;
    expect(told(queue.take(1_000, () => ++paid <= 1))).toEqual([1]);
    expect(all(queue)).toEqual([2, 'free']);
  });

  it('goes with a critical event behind it, whether it is paid for or not (G7)', () => {
    const { queue } = filled(10, 'normal', 'low', 'critical', 'normal');
    expect(told(queue.take(1_000, (forced) => forced))).toEqual([1, 2, 3]);
    expect(queue.events).toBe(1);
  });

  it('goes as far as there is room for bytes, and at least one', () => {
    const { queue } = filled(10, 'normal', 'normal', 'normal');
    expect(told(queue.take(11, () => true))).toEqual([1, 2]);
    expect(told(queue.take(1, () => true))).toEqual([3]);
  });
});

describe('whatever comes and goes', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Priority>('critical', 'high', 'normal', 'normal', 'low') },
    { weight: 1, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 1, arbitrary: fc.constant('time' as const) },
    { weight: 1, arbitrary: fc.constant('free' as const) },
  );

  it('order is kept, the bound is never passed, no critical event is shed, and what was shed is what is named', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 60 }),
      (most, steps) => {
        const queue = new SendQueue(most, noWitness);
        const sent: Waiting[] = [];
        const taken: { sequenceId: number; priority: Priority }[] = [];
        let [sequenceId, now] = [0, 0];
        for (const one of steps) {
          now += one === 'time' ? 10 : 0;
          if (one === 'time') queue.expire(now - 15);
          else if (one === 'free') queue.pushFree({ header: null, type: 0, frame: 'free', sequenceId: 0 });
          else if (typeof one === 'object') {
            let left = one.send;
            sent.push(...queue.take(1_000_000, () => left-- > 0));
          } else if (queue.pushEvent(queuedEvent(++sequenceId, one), 'buffer_full'))
            taken.push({ sequenceId, priority: one });
          queue.stamp(now);
          expect(queue.events).toBeLessThanOrEqual(most);
        }
        sent.push(...queue.take(1_000_000, () => true));
        expect(queue.events).toBe(0);
        expectBalanced(sent, taken);
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });
});

/** What was taken in is what was sent and what was named, in its order, each once. */
function expectBalanced(
  sent: readonly Waiting[],
  taken: readonly { sequenceId: number; priority: Priority }[],
): void {
  let next = 0;
  for (const item of sent) {
    if (item instanceof Dropped) {
      const { payload } = item.message as Extract<typeof item.message, { type: 'MESSAGES_DROPPED' }>;
      const named = taken.slice(next, next + payload.count);
      expect(named[0]?.sequenceId).toBe(payload.from_sequence_id);
      expect(named.at(-1)?.sequenceId).toBe(payload.to_sequence_id);
      for (const priority of ['critical', 'high', 'normal', 'low'] as const)
        expect(payload.by_priority[priority] ?? 0).toBe(
          named.filter((one) => one.priority === priority).length,
        );
      expect(payload.by_priority.critical).toBeUndefined();
      next += payload.count;
    } else if (item.header !== null) {
      expect(item.header.position?.sequenceId).toBe(taken[next]?.sequenceId);
      next++;
    }
  }
  expect(next).toBe(taken.length);
}
