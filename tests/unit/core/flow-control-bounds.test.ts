import { describe, expect, it } from 'vitest';
import { Dropped } from '../../../src/core/dropped.ts';
import type { TaskProgress } from '../../../src/core/feed.ts';
import { SendQueue } from '../../../src/core/send-queue.ts';
import type { Priority } from '../../../src/protocol/events.ts';
import { noWitness, outboxRig, queuedEvent, SOCKET_BYTES } from '../../support/outbox-rig.ts';
import { range } from './delivery-rig.ts';

function taskOf(n: number, bytes = 0): TaskProgress {
  const frame = JSON.stringify({ type: 'PROGRESS_UPDATE', payload: { n, fill: 'x'.repeat(bytes) } });
  return { header: { agentId: 'a-1', projectId: null, eventType: 'PROGRESS_UPDATE' }, frame: () => frame };
}

describe('progress', () => {
  it('fills the socket no further than events do (G6)', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block();
    for (const n of range(1, 100)) outbox.pushProgress(taskOf(n, 10_000), 1);
    await clock.settle();
    expect(socket.bufferedBytes).toBeLessThan(SOCKET_BYTES + 11_000);
    socket.unblock();
    await clock.settle();
    expect(socket.frames).toHaveLength(100);
  });

  it('of tasks without number does not wait for ever, and the newest are kept (G6)', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block(SOCKET_BYTES);
    for (const n of range(1, 5_000)) {
      outbox.pushProgress(taskOf(n), 1);
      if (n % 100 === 0) await clock.settle();
    }
    socket.unblock();
    await clock.settle();
    expect(socket.frames.map(({ payload }) => payload.n)).toEqual(range(4_001, 5_000));
  });

  it('holds up nobody who waits to read the log', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block();
    const tasks = range(1, 20).map((n) => taskOf(n, 10_000));
    for (const task of tasks) outbox.pushProgress(task, 1);
    await clock.settle();
    let isIdle = false;
    void outbox.idle().then(() => {
      isIdle = true;
    });
    for (const task of tasks) outbox.pushProgress(task, 1);
    socket.take();
    await clock.settle();
    expect(socket.bufferedBytes).toBeGreaterThan(SOCKET_BYTES);
    expect(isIdle).toBe(true);
  });
});

describe('a queue', () => {
  it('that is very long expires in a moment', () => {
    const count = 200_000;
    const queue = new SendQueue(count, noWitness);
    for (const sequenceId of range(1, count))
      queue.pushEvent(queuedEvent(sequenceId, 'normal'), 'buffer_full');
    queue.stamp(0);
    const begun = performance.now();
    expect(queue.expire(1)).toBe(true);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect([queue.events, queue.length]).toEqual([0, 1]);
  });

  it('expires what is old, each in its place, though something was put before it', () => {
    const queue = new SendQueue(10, noWitness);
    const push = (sequenceId: number, priority: Priority) =>
      queue.pushEvent(queuedEvent(sequenceId, priority), 'buffer_full');
    queue.pushFree({ header: null, type: 0, frame: 'CONNECTED', sequenceId: 0 });
    for (const sequenceId of [1, 2]) push(sequenceId, 'low');
    push(3, 'critical');
    push(4, 'high');
    queue.stamp(0);
    push(5, 'normal');
    queue.stamp(10);
    push(6, 'normal');
    queue.pushAhead({ header: null, type: 0, frame: 'PING', sequenceId: 0 });
    expect(queue.expire(10)).toBe(true);
    expect(queue.expire(10)).toBe(false);
    expect([queue.events, queue.freeFrames]).toEqual([3, 2]);
    const told = queue
      .take(1_000, () => true)
      .map((item) => {
        if (item instanceof Dropped) return item.message.payload;
        return 'frame' in item && typeof item.frame === 'string'
          ? item.frame
          : item.header?.position?.sequenceId;
      });
    expect(told).toMatchObject([
      'CONNECTED',
      'PING',
      { count: 2, from_sequence_id: 1, to_sequence_id: 2, reason: 'expired' },
      3,
      { count: 1, from_sequence_id: 4, to_sequence_id: 4, reason: 'expired' },
      5,
      6,
    ]);
  });
});
