import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import type { TestConfig, TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const INTERVAL = 6_400;
const TIMEOUT = 1_500;
/** The wheel has 64 slots. */
const TICK = INTERVAL / 64;

const instanceOf = (config: Partial<TestConfig> = {}): TestInstance =>
  aloneInstance({
    heartbeatIntervalMs: INTERVAL,
    heartbeatTimeoutMs: TIMEOUT,
    heartbeatMisses: 3,
    ...config,
  });

/** Has a client answer every PING, some ms later. */
function answering(
  socket: FakeSocket,
  { clock }: TestInstance,
  afterMs: number,
  answer: object = { type: 'PONG' },
): FakeSocket {
  socket.onFrame = ({ type }) => {
    if (type === 'PING') clock.after(afterMs, () => socket.says(answer));
  };
  return socket;
}

/** When a client was pinged, by `Clock.elapsed`. */
function pingTimes(socket: FakeSocket, { clock }: TestInstance): number[] {
  const times: number[] = [];
  socket.onFrame = ({ type }) => {
    if (type === 'PING') times.push(clock.elapsed());
  };
  return times;
}

describe('pings', () => {
  it('reach every connection once an interval, and never many at a time', async () => {
    const instance = instanceOf({ maxConnectionsPerUser: 0 });
    const times: number[][] = [];
    for (let n = 0; n < 128; n++) times.push(pingTimes(await instance.connect(), instance));
    await instance.clock.advance(INTERVAL);
    expect(times.every(({ length }) => length === 1)).toBe(true);
    const together = new Map<number, number>();
    for (const [at] of times) together.set(Number(at), (together.get(Number(at)) ?? 0) + 1);
    expect([...together.values()]).toEqual(Array.from({ length: 64 }, () => 2));
  });

  it('come every interval to one connection', async () => {
    const instance = instanceOf();
    const socket = await instance.connect();
    const times: number[] = [];
    socket.onFrame = ({ type }) => {
      if (type !== 'PING') return;
      times.push(instance.clock.elapsed());
      socket.says({ type: 'PONG' });
    };
    await instance.clock.advance(4 * INTERVAL);
    expect(times.map((at) => at - Number(times[0]))).toEqual([0, INTERVAL, 2 * INTERVAL, 3 * INTERVAL]);
  });

  it('no longer go to a connection that has ended', async () => {
    const instance = instanceOf();
    const socket = await instance.connect();
    socket.leave();
    await instance.clock.advance(10 * INTERVAL);
    expect(socket.of('PING')).toEqual([]);
    expect(socket.closedWith).toBeNull();
  });

  it('come where the interval is shorter than the wheel has slots', async () => {
    const instance = instanceOf({ heartbeatIntervalMs: 10, heartbeatTimeoutMs: 10 });
    const socket = answering(await instance.connect(), instance, 1);
    await instance.clock.advance(100);
    expect(socket.of('PING')).toHaveLength(10);
    expect(socket.closedWith).toBeNull();
  });
});

describe('a client that does not answer', () => {
  it('is closed with 4101 after three misses in a row, not before', async () => {
    const instance = instanceOf();
    const socket = await instance.connect();
    await instance.clock.advance(TICK + 2 * INTERVAL + TIMEOUT - 1);
    expect(socket.of('PING')).toHaveLength(3);
    expect(socket.closedWith).toBeNull();
    await instance.clock.advance(3 * TICK);
    expect(socket.closedWith).toEqual({ code: 4101, reason: 'heartbeat_timeout' });
    expect(instance.core.connections.size).toBe(0);
  });

  it('starts anew with any sign of life', async () => {
    const instance = instanceOf();
    const socket = await instance.connect();
    await instance.clock.advance(TICK + 2 * INTERVAL + TIMEOUT - 1);
    socket.says({ type: 'PONG' });
    await instance.clock.advance(2 * INTERVAL);
    expect(socket.closedWith).toBeNull();
    await instance.clock.advance(2 * INTERVAL);
    expect(socket.closedWith).toMatchObject({ code: 4101 });
  });

  it('is closed after as many misses as are allowed', async () => {
    const instance = instanceOf({ heartbeatMisses: 1 });
    const socket = await instance.connect();
    await instance.clock.advance(TIMEOUT);
    expect(socket.closedWith).toBeNull();
    await instance.clock.advance(3 * TICK);
    expect(socket.closedWith).toMatchObject({ code: 4101 });
  });

  it('is closed where the timeout is longer than the interval', async () => {
    const instance = instanceOf({ heartbeatTimeoutMs: 2.5 * INTERVAL });
    const socket = await instance.connect();
    await instance.clock.advance(4.5 * INTERVAL);
    expect(socket.closedWith).toBeNull();
    await instance.clock.advance(3 * TICK);
    expect(socket.closedWith).toMatchObject({ code: 4101 });
  });
});

describe('a client that answers', () => {
  // One miss is enough here: whoever is wronged once is closed.
  const STRICT = { heartbeatMisses: 1 };

  it.each([0, 1, TICK - 1, TICK, TIMEOUT - 1, TIMEOUT])('after %d ms stays', async (afterMs) => {
    const instance = instanceOf(STRICT);
    const socket = answering(await instance.connect(), instance, afterMs);
    await instance.clock.advance(5 * INTERVAL);
    expect(socket.closedWith).toBeNull();
    expect(socket.of('PING')).toHaveLength(5);
  });

  it('too late is closed', async () => {
    const instance = instanceOf(STRICT);
    const socket = answering(await instance.connect(), instance, TIMEOUT + 3 * TICK);
    await instance.clock.advance(INTERVAL);
    expect(socket.closedWith).toMatchObject({ code: 4101 });
  });

  it.each([{ type: 'PING' }, { type: 'SUBSCRIBE' }, { type: 'REPLAY', payload: { last_sequence_id: 0 } }])(
    'with %j stays too',
    async (answer) => {
      const instance = instanceOf(STRICT);
      const socket = answering(await instance.connect(), instance, 5, answer);
      await instance.clock.advance(5 * INTERVAL);
      expect(socket.closedWith).toBeNull();
    },
  );

  it('stays where the timeout is not a whole number of ticks, or longer than the interval', async () => {
    for (const heartbeatTimeoutMs of [TICK / 2, TICK * 1.5, TIMEOUT + 1, INTERVAL, 2.5 * INTERVAL]) {
      const instance = instanceOf({ ...STRICT, heartbeatTimeoutMs });
      const socket = answering(await instance.connect(), instance, Math.min(1, heartbeatTimeoutMs));
      await instance.clock.advance(8 * INTERVAL);
      expect(socket.closedWith).toBeNull();
    }
  });

  it('slowly stays where the timeout is longer than the interval', async () => {
    const instance = instanceOf({ ...STRICT, heartbeatTimeoutMs: 2.5 * INTERVAL });
    const socket = answering(await instance.connect(), instance, 2.4 * INTERVAL);
    await instance.clock.advance(10 * INTERVAL);
    expect(socket.closedWith).toBeNull();
  });

  it('stays when the wall clock jumps', async () => {
    const instance = instanceOf(STRICT);
    const socket = answering(await instance.connect(), instance, 5);
    for (const jump of [3_600_000, -7_200_000]) {
      instance.clock.jumpWallClock(jump);
      await instance.clock.advance(INTERVAL);
    }
    expect(socket.closedWith).toBeNull();
  });

  it('while the event loop stood still is heard before it is judged, however long that was', async () => {
    for (const stallMs of [TICK, TIMEOUT / 4, TIMEOUT / 2, TIMEOUT, 3 * TIMEOUT, 60_000]) {
      for (let beforeMs = 0; beforeMs < TIMEOUT; beforeMs += TICK / 2) {
        const instance = instanceOf(STRICT);
        const socket = await instance.connect();
        await instance.clock.advance(TICK);
        expect(socket.of('PING')).toHaveLength(1);
        await instance.clock.advance(beforeMs);
        await instance.clock.stall(stallMs, () => socket.says({ type: 'PONG' }));
        expect(socket.closedWith).toBeNull();
        answering(socket, instance, 1);
        await instance.clock.advance(2 * INTERVAL);
        expect(socket.closedWith).toBeNull();
      }
    }
  });
});

describe('after the event loop stood still', () => {
  it('a client that is gone is closed nonetheless', async () => {
    const instance = instanceOf();
    const socket = await instance.connect();
    await instance.clock.stall(60_000);
    await instance.clock.advance(4 * INTERVAL);
    expect(socket.closedWith).toMatchObject({ code: 4101 });
  });

  it('the stillness itself is no miss', async () => {
    const instance = instanceOf({ heartbeatMisses: 1 });
    const socket = await instance.connect();
    await instance.clock.advance(TICK);
    await instance.clock.stall(60_000);
    expect(socket.closedWith).toBeNull();
  });
});
