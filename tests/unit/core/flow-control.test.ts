import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { TestConfig, TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';
import { LATEST, range, starts, storyOf } from './delivery-rig.ts';

const drops = (socket: FakeSocket) => socket.of('MESSAGES_DROPPED').map(({ payload }) => payload);

async function connected(
  config: Partial<TestConfig>,
): Promise<{ instance: TestInstance; socket: FakeSocket }> {
  // Without heartbeats, which have tests of their own.
  const instance = aloneInstance({ heartbeatIntervalMs: 3_600_000, ...config });
  return { instance, socket: await instance.connect(LATEST) };
}

/** Every event in one turn, as a batch brings them. */
async function burst(
  instance: TestInstance,
  count: number,
  fields: Record<string, unknown> = {},
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => instance.publish(fields)));
}

describe('the rate of one connection (G11)', () => {
  it('lets a burst of one second pass, and then so many a second', async () => {
    const { instance, socket } = await connected({ rateLimitPerConnection: 10, sendBufferSize: 100 });
    await burst(instance, 40);
    expect(socket.sequenceIds).toEqual(range(1, 10));
    await instance.clock.advance(1_000);
    expect(socket.sequenceIds.length).toBeGreaterThanOrEqual(19);
    expect(socket.sequenceIds.length).toBeLessThanOrEqual(20);
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds).toEqual(range(1, 40));
    expect(drops(socket)).toEqual([]);
  });

  it('lets a critical event pass at once, and with it what stands before it (G7, G2)', async () => {
    const { instance, socket } = await connected({ rateLimitPerConnection: 5 });
    await burst(instance, 12);
    expect(socket.sequenceIds).toEqual(range(1, 5));
    await instance.publish({ priority: 'critical' });
    expect(socket.sequenceIds).toEqual(range(1, 13));
  });

  it('sheds what waits too long, in its place, and REPLAY brings it back (G3)', async () => {
    const { instance, socket } = await connected({ rateLimitPerConnection: 1, queueTtlMs: 2_500 });
    await burst(instance, 10);
    await instance.clock.advance(4_000);
    expect(storyOf(socket).slice(1)).toEqual([1, 2, 3, 'MESSAGES_DROPPED']);
    const dropped = { count: 7, by_priority: { normal: 7 }, from_sequence_id: 4, to_sequence_id: 10 };
    expect(drops(socket)).toEqual([{ ...dropped, reason: 'expired', recoverable: true }]);
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 3 } });
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual(range(1, 10));
    expect(drops(socket)).toHaveLength(1);
  });

  it('sheds what there is no room for', async () => {
    const { instance, socket } = await connected({ rateLimitPerConnection: 1, sendBufferSize: 3 });
    await burst(instance, 8);
    await instance.clock.advance(4_000);
    expect(storyOf(socket).slice(1)).toEqual([1, 2, 3, 4, 'MESSAGES_DROPPED']);
    expect(drops(socket)).toMatchObject([{ count: 4, reason: 'rate_limited', from_sequence_id: 5 }]);
  });

  it('does not hold back replays, nor messages of the server itself', async () => {
    const instance = aloneInstance({ rateLimitPerConnection: 1 });
    await instance.publishMany(50);
    const socket = await instance.connect();
    expect(socket.sequenceIds).toEqual(range(1, 50));
    for (let n = 0; n < 20; n++) socket.says({ type: 'PING' });
    await instance.clock.settle();
    expect(socket.of('PONG')).toHaveLength(20);
  });

  it('takes one timer for all that wait, and none when nothing does', async () => {
    const { instance } = await connected({ rateLimitPerConnection: 1 });
    for (let n = 0; n < 5; n++) await instance.connect(LATEST);
    const timers = instance.clock.timers;
    await burst(instance, 3);
    expect(instance.clock.timers).toBe(timers + 1);
    await instance.clock.advance(3_000);
    expect(instance.clock.timers).toBe(timers);
  });
});

describe('a client that reads nothing', () => {
  it('gets every critical event, and the names of the others, each in its place (G3, G7)', async () => {
    const { instance, socket } = await connected({ sendBufferSize: 4 });
    socket.block(NEARLY_FULL);
    for (let n = 1; n <= 12; n++) await instance.publish({ priority: n % 4 === 0 ? 'critical' : 'low' });
    socket.unblock();
    await instance.clock.settle();
    // The first was with the socket already.
    expect(storyOf(socket).slice(1)).toEqual([
      ...[1, 2, 'MESSAGES_DROPPED', 4],
      ...['MESSAGES_DROPPED', 8, 'MESSAGES_DROPPED', 12],
    ]);
    expect(drops(socket).map(({ count }) => count)).toEqual([1, 3, 3]);
  });

  it('is given up where nothing but critical events wait, and has them all when it resumes (G6)', async () => {
    const { instance, socket } = await connected({ sendBufferSize: 4 });
    socket.block(NEARLY_FULL);
    for (let n = 1; n <= 6; n++) await instance.publish({ priority: 'critical' });
    expect(socket.closedWith).toMatchObject({ code: 4100 });
    const again = await instance.connect({ query: 'last_sequence_id=1' });
    expect(again.sequenceIds).toEqual(range(2, 6));
  });

  it('is given up after a while in which events were shed (G6)', async () => {
    const { instance, socket } = await connected({ sendBufferSize: 4, queueTtlMs: 1_000 });
    socket.block(NEARLY_FULL);
    for (let second = 0; second < 3; second++) {
      await burst(instance, 10);
      await instance.clock.advance(1_010);
    }
    expect(socket.closedWith).toBeNull();
    await burst(instance, 10);
    expect(socket.closedWith).toMatchObject({ code: 4100 });
  });

  it('is not given up by its own replay (G6)', async () => {
    const instance = aloneInstance({ sendBufferSize: 4, queueTtlMs: 1_000 });
    await instance.publishMany(50);
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    socket.block(NEARLY_FULL);
    release();
    for (let second = 0; second < 20; second++) {
      await instance.publish({ priority: 'critical' });
      await instance.clock.advance(1_000);
    }
    expect(socket.closedWith).toBeNull();
    socket.unblock();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual(range(1, 70));
    expect(starts(socket)).toHaveLength(1);
  });
});

describe('what a client asks', () => {
  it('ten times a second is answered, and more often is refused and changes nothing', async () => {
    const { instance, socket } = await connected({});
    const filters = (n: number) => ({ agent_ids: [`a-${n}`], project_ids: null, event_types: null });
    for (let n = 1; n <= 12; n++) socket.says({ type: 'SUBSCRIBE', payload: filters(n) });
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 0 } });
    await instance.clock.settle();
    expect(socket.of('FILTERS_UPDATED').map(({ payload }) => payload.filters)).toEqual(
      range(1, 10).map(filters),
    );
    expect(socket.of('ERROR').map(({ payload }) => payload)).toEqual(
      [11, 12, 13].map(() => ({
        code: 'rate_limited',
        message: expect.stringContaining('wait 100 ms'),
        retry_after_ms: 100,
      })),
    );
    expect(socket.of('REPLAY_START')).toEqual([]);
    await instance.clock.advance(100);
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 0 } });
    await instance.clock.settle();
    expect(socket.of('REPLAY_START')).toHaveLength(1);
    expect(socket.closedWith).toBeNull();
  });

  it('in a flood is closed as overloaded, whatever it is', async () => {
    for (const [type, most] of [
      ['PING', 1_001],
      ['PONG', 1_001],
      ['UNSUBSCRIBE', 110],
    ] as const) {
      const { instance, socket } = await connected({});
      for (let n = 0; n < most; n++) socket.says({ type });
      await instance.clock.settle();
      expect(socket.closedWith).toMatchObject({ code: 4102 });
    }
  });

  it('steadily is no flood', async () => {
    const { instance, socket } = await connected({});
    for (let second = 0; second < 20; second++) {
      for (let n = 0; n < 500; n++) socket.says({ type: 'PING' });
      await instance.clock.advance(1_000);
    }
    expect(socket.closedWith).toBeNull();
  });
});
