import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { TestConfig, TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';
import { ends, LATEST, range } from './delivery-rig.ts';

const HOUR_MS = 3_600_000;
const SOCKET_BYTES = 64 * 1024;

/** A client with more waiting for its rate than it gets in a minute. */
async function behind(
  config: Partial<TestConfig> = {},
): Promise<{ instance: TestInstance; socket: FakeSocket }> {
  const instance = aloneInstance({ rateLimitPerConnection: 1, queueTtlMs: HOUR_MS, ...config });
  const socket = await instance.connect(LATEST);
  await Promise.all(range(1, 60).map(() => instance.publish()));
  expect(socket.sequenceIds).toEqual([1]);
  return { instance, socket };
}

describe('behind events that wait for their rate', () => {
  it('no replay waits, nor a critical event that comes meanwhile (G7)', async () => {
    const { instance, socket } = await behind();
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 0 } });
    await instance.publish({ priority: 'critical' });
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([...range(1, 60), ...range(1, 61)]);
    expect(ends(socket)).toHaveLength(1);
  });

  it('no repair waits, nor a critical event that comes meanwhile (G7)', async () => {
    const { instance, socket } = await behind();
    // One hand-over is lost.
    const { subscriptions } = instance.store;
    const listeners = [...subscriptions];
    subscriptions.clear();
    await instance.publish();
    for (const [userId, of] of listeners) subscriptions.set(userId, of);
    await instance.publish({ priority: 'critical' });
    expect(socket.sequenceIds).toEqual(range(1, 62));
  });

  it('no message waits that is of use only in time', async () => {
    const { instance, socket } = await behind({ heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 1_000 });
    socket.onFrame = ({ type }) => {
      if (type === 'PING') socket.says({ type: 'PONG' });
    };
    socket.says({ type: 'PING' });
    await instance.clock.advance(20_000);
    expect(socket.of('PONG')).toHaveLength(1);
    expect(socket.closedWith).toBeNull();
    void instance.core.drain();
    await instance.clock.settle();
    expect(socket.of('SERVER_DRAINING')).toHaveLength(1);
    expect(socket.sequenceIds.length).toBeLessThan(25);
  });

  it('new filters wait, for the events before them passed the old', async () => {
    const { instance, socket } = await behind();
    socket.says({ type: 'SUBSCRIBE', payload: { agent_ids: ['other'] } });
    await instance.clock.settle();
    expect(socket.of('FILTERS_UPDATED')).toEqual([]);
    await instance.publish({ priority: 'critical', agent_id: 'other' });
    expect(socket.frames.map(({ type, sequence_id }) => sequence_id ?? type).slice(1)).toEqual([
      ...range(1, 60),
      'FILTERS_UPDATED',
      61,
    ]);
  });
});

describe('a client that reads nothing', () => {
  it('is given up after a while in which events expired, though never too many wait (G6)', async () => {
    const instance = aloneInstance({ heartbeatIntervalMs: HOUR_MS, queueTtlMs: 1_000 });
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    for (let n = 0; n < 14; n++) {
      if (n === 10) expect(socket.closedWith).toBeNull();
      await instance.publish();
      await instance.clock.advance(300);
    }
    expect(socket.closedWith).toMatchObject({ code: 4100 });
  });

  it('is not given up for tasks in progress', async () => {
    const instance = aloneInstance({ heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: HOUR_MS });
    const socket = await instance.connect(LATEST);
    socket.block(SOCKET_BYTES);
    await Promise.all(range(1, 400).map((n) => instance.publish(update(n))));
    await instance.clock.advance(5_000);
    expect(socket.closedWith).toBeNull();
    socket.unblock();
    await instance.clock.settle();
    expect(socket.of('PROGRESS_UPDATE')).toHaveLength(400);
  });
});

describe('a task that waits and goes on in another project', () => {
  it('does not reach a client that wants only the first', async () => {
    const instance = aloneInstance({ progressWindowMs: 10 });
    const socket = await instance.connect({ query: 'project_ids=p-1&last_sequence_id=latest' });
    socket.block(SOCKET_BYTES);
    await instance.publish({ ...update(1), project_id: 'p-1' });
    await instance.clock.advance(20);
    await instance.publish({ ...update(1), project_id: 'p-2' });
    socket.unblock();
    await instance.clock.settle();
    expect(socket.of('PROGRESS_UPDATE')).toEqual([]);
  });
});

const update = (task: number) => ({
  event_type: 'PROGRESS_UPDATE',
  payload: { task_id: `t-${task}`, current_step: 1, total_steps: 10 },
});
