import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import type { ConnectOptions, TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';

/** As late as a notice or a close may be. */
const TICK = 250;
const MINUTE = 60_000;
const EXPIRED = { code: 4001, reason: 'token_expired' };

/** No test here answers a PING. */
const instanceOf = (): TestInstance =>
  aloneInstance({ maxConnectionsPerUser: 0, connectRatePerAddress: 0, heartbeatMisses: 1_000_000 });

/** What one client heard of its token, and when, in ms from now on. */
type Heard = { readonly socket: FakeSocket; toldAt: number | null; readonly left: unknown[] };

/** Connects with a token that has so long left, in ms. */
async function connectFor(
  instance: TestInstance,
  leftMs: number,
  options: ConnectOptions = {},
): Promise<Heard> {
  const { clock } = instance;
  const start = clock.elapsed();
  const socket = await instance.connect({ tokenExpiresAt: clock.now() + leftMs, ...options });
  const heard: Heard = { socket, toldAt: null, left: [] };
  socket.onFrame = ({ type, payload }) => {
    if (type !== 'TOKEN_EXPIRING') return;
    heard.toldAt = clock.elapsed() - start;
    heard.left.push(payload.expires_in_ms);
  };
  return heard;
}

/** Lets time pass until the client is closed; gives how much of it did, in ms. */
async function closedAfter({ clock }: TestInstance, { socket }: Heard): Promise<number> {
  const start = clock.elapsed();
  while (socket.isOpen && clock.elapsed() - start < 10 * MINUTE) await clock.advance(1);
  expect(socket.closedWith).toEqual(EXPIRED);
  return clock.elapsed() - start;
}

describe('the notice', () => {
  it('comes 60 s ahead, once, and says when the token expires', async () => {
    const instance = instanceOf();
    const { clock } = instance;
    const expiresAt = clock.now() + 5 * MINUTE;
    const { socket } = await connectFor(instance, 5 * MINUTE);
    await clock.advance(4 * MINUTE - 1);
    expect(socket.of('TOKEN_EXPIRING')).toEqual([]);
    await clock.advance(1);
    const payload = { expires_at: new Date(expiresAt).toISOString(), expires_in_ms: MINUTE };
    expect(socket.of('TOKEN_EXPIRING')).toMatchObject([{ payload }]);
    await clock.advance(MINUTE - 1);
    expect(socket.of('TOKEN_EXPIRING')).toHaveLength(1);
  });

  it.each([60_123, 60_000, 59_999, 10_000, 2_000, 333, 250.5, 1, 0, -5_000])(
    'comes after CONNECTED and before the close where the token has %d ms left',
    async (leftMs) => {
      const instance = instanceOf();
      const heard = await connectFor(instance, leftMs);
      const wantedAt = leftMs < MINUTE ? leftMs / 2 : leftMs - MINUTE;
      const closedAt = await closedAfter(instance, heard);
      expect(heard.socket.types.filter((type) => type === 'TOKEN_EXPIRING')).toHaveLength(1);
      expect(heard.socket.types[0]).toBe('CONNECTED');
      expect(heard.toldAt).toBeGreaterThanOrEqual(wantedAt);
      expect(heard.toldAt).toBeLessThanOrEqual(Math.max(0, wantedAt) + TICK);
      expect(heard.left).toEqual([Math.max(0, Math.ceil(leftMs - Number(heard.toldAt)))]);
      expect(closedAt).toBeGreaterThanOrEqual(leftMs);
      expect(closedAt).toBeLessThanOrEqual(Math.max(0, leftMs) + TICK);
    },
  );

  it('closes a client that reads nothing like any other message, and it is forgotten', async () => {
    const instance = instanceOf();
    const timers = instance.clock.timers;
    const { socket } = await connectFor(instance, 2_000);
    socket.block(1_000_000);
    await instance.clock.advance(2 * MINUTE);
    expect(socket.closedWith).toMatchObject({ code: 4001 });
    expect(instance.clock.timers).toBe(timers);
  });
});

describe('a connection', () => {
  it('whose token has no end stays, and takes no timer', async () => {
    const instance = instanceOf();
    const timers = instance.clock.timers;
    const socket = await instance.connect();
    expect(instance.clock.timers).toBe(timers);
    instance.clock.jumpWallClock(1e14);
    await instance.clock.advance(5 * MINUTE);
    expect(socket.closedWith).toBeNull();
    expect(socket.of('TOKEN_EXPIRING')).toEqual([]);
  });

  it.each([1_000, 4.5 * MINUTE])(
    'that ends after %d ms of 5 minutes leaves nothing behind',
    async (afterMs) => {
      const instance = instanceOf();
      const timers = instance.clock.timers;
      const { socket } = await connectFor(instance, 5 * MINUTE);
      const neighbour = await connectFor(instance, 5 * MINUTE);
      await instance.clock.advance(afterMs);
      const heard = socket.frames.length;
      socket.leave();
      await instance.clock.advance(5 * MINUTE);
      expect(socket.frames).toHaveLength(heard);
      expect(socket.closedWith).toBeNull();
      expect(neighbour.socket.closedWith).toEqual(EXPIRED);
      expect(instance.clock.timers).toBe(timers);
    },
  );

  it('whose client never answers the close is closed once', async () => {
    const instance = instanceOf();
    const timers = instance.clock.timers;
    const { socket } = await connectFor(instance, 2_000);
    socket.isDeaf = true;
    await instance.clock.advance(MINUTE);
    expect(socket.closedWith).toEqual(EXPIRED);
    expect(socket.of('TOKEN_EXPIRING')).toHaveLength(1);
    expect(instance.clock.timers).toBe(timers);
    socket.terminate();
    expect(instance.core.connections.size).toBe(0);
  });

  it.each([2 ** 31, 2 ** 32 + 12_345, 4e12])(
    'whose token has %d ms left is told and closed when that time has come',
    async (leftMs) => {
      const instance = instanceOf();
      const heard = await connectFor(instance, leftMs);
      const another = await connectFor(instance, 10 * MINUTE);
      await instance.clock.advance(5 * MINUTE);
      expect(heard.left).toEqual([]);
      another.socket.leave();
      instance.clock.jumpWallClock(leftMs - 7 * MINUTE);
      await instance.clock.advance(1.5 * MINUTE);
      expect(heard.left).toHaveLength(1);
      expect(heard.socket.closedWith).toBeNull();
      await instance.clock.advance(MINUTE);
      expect(heard.socket.closedWith).toEqual(EXPIRED);
    },
  );

  it.each([8.64e15, Number.MAX_SAFE_INTEGER])(
    'whose token expires at %d leaves nothing behind',
    async (end) => {
      const instance = instanceOf();
      const timers = instance.clock.timers;
      const { socket } = await connectFor(instance, 0, { tokenExpiresAt: end });
      await instance.clock.advance(5 * MINUTE);
      expect(socket.types).not.toContain('TOKEN_EXPIRING');
      expect(socket.closedWith).toBeNull();
      socket.leave();
      expect(instance.clock.timers).toBe(timers);
    },
  );
});

describe('a jump of the wall clock', () => {
  it('forward over the expiry closes at once, behind the notice', async () => {
    const instance = instanceOf();
    const heard = await connectFor(instance, 60 * MINUTE);
    instance.clock.jumpWallClock(90 * MINUTE);
    expect(await closedAfter(instance, heard)).toBeLessThanOrEqual(TICK);
    expect(heard.left).toEqual([0]);
  });

  it('forward over the time of the notice gives it at once, with what is left', async () => {
    const instance = instanceOf();
    const heard = await connectFor(instance, 60 * MINUTE);
    instance.clock.jumpWallClock(59.5 * MINUTE);
    await instance.clock.advance(TICK);
    expect(heard.left).toEqual([30_000 - TICK]);
    await closedAfter(instance, heard);
    expect(heard.left).toHaveLength(1);
  });

  it('backward behind the notice gives no second one, and the token is good until its expiry', async () => {
    const instance = instanceOf();
    const heard = await connectFor(instance, 2 * MINUTE);
    await instance.clock.advance(1.5 * MINUTE);
    expect(heard.left).toEqual([MINUTE]);
    instance.clock.jumpWallClock(-5 * MINUTE);
    const closedAt = await closedAfter(instance, heard);
    expect(closedAt).toBeGreaterThanOrEqual(5.5 * MINUTE);
    expect(closedAt).toBeLessThanOrEqual(5.5 * MINUTE + TICK);
    expect(heard.left).toHaveLength(1);
  });

  it('there and back loses nobody who came meanwhile', async () => {
    const instance = instanceOf();
    await connectFor(instance, 60 * MINUTE);
    await instance.clock.advance(MINUTE);
    instance.clock.jumpWallClock(-30 * MINUTE);
    const meanwhile = await connectFor(instance, 5_000);
    instance.clock.jumpWallClock(30 * MINUTE);
    expect(await closedAfter(instance, meanwhile)).toBeLessThanOrEqual(TICK);
  });
});

it('a stopped instance has no timer left', async () => {
  const instance = instanceOf();
  await connectFor(instance, 5 * MINUTE);
  await instance.core.stop();
  expect(instance.clock.timers).toBe(0);
});
