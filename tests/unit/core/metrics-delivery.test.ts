import { describe, expect, it } from 'vitest';
import { acceptedAt } from '../../../src/protocol/server-messages.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { TestConfig, TestInstance } from '../../support/test-instance.ts';
import { aloneInstance, countsOfInstance, eventOf } from '../../support/test-instance.ts';
import { LATEST, newNote } from './delivery-rig.ts';

/** Without heartbeats, which would be counted among the deliveries. */
const calm = (config: Partial<TestConfig> = {}): TestInstance =>
  aloneInstance({ heartbeatIntervalMs: 3_600_000, ...config });

describe('of what it delivers, an instance counts', () => {
  it('every frame by its type, those of the platform as one, live, replayed and in progress', async () => {
    const instance = calm();
    await instance.connect(LATEST);
    const status = { old_status: 'working', new_status: 'idle' };
    await instance.publish({ event_type: 'AGENT_STATUS_CHANGED', payload: status });
    await instance.publishMany(2, { event_type: 'NOTE' });
    await instance.publish({ event_type: 'REPORT' });
    await instance.publish({
      event_type: 'PROGRESS_UPDATE',
      payload: { task_id: 't', current_step: 1, total_steps: 2 },
    });
    const replaying = await instance.connect();
    replaying.says({ type: 'PING' });
    await instance.clock.settle();
    const delivered = Object.entries(await countsOfInstance(instance)).flatMap(([name, count]) => {
      const [, type] = /^frames_delivered_total\{type="(.+)"\}$/.exec(name) ?? [];
      return type === undefined ? [] : [[type, count]];
    });
    expect(Object.fromEntries(delivered)).toEqual({
      CONNECTED: 2,
      REPLAY_START: 1,
      REPLAY_END: 1,
      PONG: 1,
      AGENT_STATUS_CHANGED: 2,
      PROGRESS_UPDATE: 2,
      other: 6,
    });
  });

  it('progress that waited behind what the socket did not take', async () => {
    const instance = calm();
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(2);
    const progress = { task_id: 't', current_step: 1, total_steps: 2 };
    await instance.publish({ event_type: 'PROGRESS_UPDATE', payload: progress });
    socket.unblock();
    await instance.clock.settle();
    expect(socket.of('PROGRESS_UPDATE')).toHaveLength(1);
    expect(await countsOfInstance(instance)).toMatchObject({
      'frames_delivered_total{type="PROGRESS_UPDATE"}': 1,
    });
  });

  it('what it says of what was shed', async () => {
    const instance = calm({ sendBufferSize: 1 });
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(3);
    socket.unblock();
    await instance.clock.settle();
    expect(await countsOfInstance(instance)).toMatchObject({
      'frames_delivered_total{type="MESSAGES_DROPPED"}': 1,
      'frames_delivered_total{type="other"}': 2,
    });
  });

  it('how long the oldest live event of each write was on its way', async () => {
    const instance = calm();
    const socket = await instance.connect(LATEST);
    await instance.publish();
    expect(await countsOfInstance(instance)).toMatchObject({ delivery_latency_seconds_count: 1 });
    socket.block(NEARLY_FULL);
    await instance.publish();
    await instance.publish();
    await instance.clock.advance(1_500);
    await instance.publish();
    socket.unblock();
    await instance.clock.settle();
    const counted = await countsOfInstance(instance);
    // One with room for it at once, and those that waited in one write.
    expect(counted).toMatchObject({ delivery_latency_seconds_count: 3, delivery_latency_seconds_sum: 1.5 });
  });

  it('that of each event, and of each connection that is sent it later', async () => {
    const instance = calm();
    const slow = await instance.connect(LATEST);
    await instance.connect(LATEST);
    slow.block(2 * NEARLY_FULL);
    await instance.publish();
    await instance.clock.advance(1_500);
    slow.unblock();
    await instance.clock.settle();
    expect(await countsOfInstance(instance)).toMatchObject({
      delivery_latency_seconds_count: 2,
      delivery_latency_seconds_sum: 1.5,
    });
    await instance.publish();
    expect(await countsOfInstance(instance)).toMatchObject({
      delivery_latency_seconds_count: 4,
      delivery_latency_seconds_sum: 1.5,
    });
  });

  it('nothing of what a replay brings late, and no less than no time', async () => {
    const instance = calm();
    await instance.publish();
    await instance.clock.advance(60_000);
    await instance.connect();
    expect(await countsOfInstance(instance)).not.toHaveProperty('delivery_latency_seconds_count');
    // Accepted by an instance whose clock is ahead.
    const event = newNote(instance.clock);
    instance.clock.jumpWallClock(-10_000);
    await instance.engine.streams.append({ ...event, ...eventOf() }, { service: 's', id: 'ahead', item: 0 });
    await instance.clock.settle();
    const counted = await countsOfInstance(instance);
    expect(counted).toMatchObject({ delivery_latency_seconds_count: 1 });
    expect(counted).not.toHaveProperty('delivery_latency_seconds_sum');
  });
});

describe('when an event was accepted', () => {
  it('is read from its frame, to the millisecond', async () => {
    const instance = calm();
    for (const skip of [0, 1, 86_399_999, 12_345_678_901]) {
      instance.clock.jumpWallClock(skip);
      const { head, tail } = newNote(instance.clock).frame;
      const frame = new TextEncoder().encode(`${head}1${tail}`);
      expect(acceptedAt(frame, 'NOTE')).toBe(instance.clock.now());
    }
  });

  it('is not known of what is no such frame', () => {
    expect(acceptedAt(new Uint8Array(10), 'NOTE')).toBeNaN();
  });
});

describe('of its limits, an instance counts', () => {
  it('how long the rate of a connection kept its messages waiting', async () => {
    const instance = calm({ rateLimitPerConnection: 10 });
    await instance.connect(LATEST);
    await Promise.all(Array.from({ length: 12 }, () => instance.publish()));
    expect(await countsOfInstance(instance)).toMatchObject({ send_queue_messages: 2, send_queue_limit: 100 });
    await instance.clock.advance(1_000);
    const counted = await countsOfInstance(instance);
    expect(counted['rate_limit_wait_seconds_count{limit="connection"}']).toBe(2);
    expect(counted['rate_limit_wait_seconds_sum{limit="connection"}']).toBeCloseTo(0.2);
    expect(counted).not.toHaveProperty(['rate_limit_wait_seconds_count{limit="cluster"}']);
  });

  it('how long the limit over the cluster did, what it leased, and who shares it', async () => {
    const instance = calm({ rateLimitGlobal: 10 });
    await instance.connect(LATEST);
    await Promise.all(Array.from({ length: 8 }, () => instance.publish()));
    await instance.clock.advance(2_000);
    const counted = await countsOfInstance(instance);
    expect(counted['rate_limit_wait_seconds_count{limit="cluster"}']).toBeGreaterThan(0);
    expect(counted.rate_limit_lease_messages_count).toBeGreaterThan(0);
    // What credit bore is leased afterwards.
    expect(counted.rate_limit_lease_messages_sum).toBeGreaterThanOrEqual(7);
    expect(counted.rate_limit_instances).toBe(1);
    expect(counted).not.toHaveProperty('rate_limit_lease_failures_total');
    await Promise.all(Array.from({ length: 8 }, () => instance.publish()));
    instance.engine.isAway = true;
    await instance.clock.advance(500);
    const { rate_limit_lease_failures_total: failures } = await countsOfInstance(instance);
    expect(failures).toBeGreaterThan(0);
  });
});
