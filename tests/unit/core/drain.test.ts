import { describe, expect, it } from 'vitest';
import { FakeSocket } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const TIMEOUT = 10_000;

async function instanceWith(clients: number): Promise<{ instance: TestInstance; sockets: FakeSocket[] }> {
  const instance = aloneInstance({
    drainTimeoutMs: TIMEOUT,
    maxConnectionsPerUser: 0,
    connectRatePerAddress: 0,
  });
  const sockets: FakeSocket[] = [];
  for (let n = 0; n < clients; n++) sockets.push(await instance.connect());
  return { instance, sockets };
}

/** Begins a drain; the function that it gives tells whether it is over. */
async function drain({ core, clock }: TestInstance): Promise<() => boolean> {
  let isOver = false;
  void core.drain().then(() => {
    isOver = true;
  });
  await clock.settle();
  return () => isOver;
}

/** When this client was told to come back, in ms. */
function hintOf(socket: FakeSocket): number {
  const [message, ...more] = socket.of('SERVER_DRAINING');
  expect(more).toEqual([]);
  return Number(message?.payload.reconnect_after_ms);
}

describe('a drain (G8)', () => {
  it('tells every client when to leave, each at another time, spread over what the timeout allows', async () => {
    const { instance, sockets } = await instanceWith(50);
    await drain(instance);
    const hints = sockets.map(hintOf).sort((one, other) => one - other);
    expect(new Set(hints).size).toBe(50);
    expect(hints[0]).toBeGreaterThanOrEqual(0);
    expect(hints.at(-1)).toBeLessThan(TIMEOUT);
    const gaps = hints.slice(1).map((hint, index) => hint - Number(hints[index]));
    expect(Math.max(...gaps)).toBeLessThan(TIMEOUT / 20);
    expect(Number(hints.at(-1)) - Number(hints[0])).toBeGreaterThan(TIMEOUT / 2);
    expect(sockets[0]?.of('SERVER_DRAINING')[0]?.payload.deadline_ms).toBe(TIMEOUT);
  });

  it('tells many clients some at a time, and all of them soon, each when it was to leave', async () => {
    const { instance, sockets } = await instanceWith(1_200);
    const told = () => sockets.filter((socket) => socket.types.includes('SERVER_DRAINING')).length;
    await drain(instance);
    expect(told()).toBe(500);
    await instance.clock.advance(100);
    expect(told()).toBe(1_200);
    const hints = sockets.map(hintOf);
    expect(Math.max(...hints.slice(0, 500))).toBeLessThan(TIMEOUT / 2);
    expect(Math.min(...hints.slice(-100))).toBeGreaterThan(TIMEOUT / 2);
  });

  it('lets those that are in the middle of a replay leave last', async () => {
    const { instance } = await instanceWith(0);
    await instance.publishMany(3);
    const release = instance.engine.hold('read', 'answer');
    const replaying = [await instance.connect(), await instance.connect()];
    const live = [
      await instance.connect({ query: 'last_sequence_id=latest' }),
      await instance.connect({ query: 'last_sequence_id=latest' }),
    ];
    await drain(instance);
    expect(Math.min(...replaying.map(hintOf))).toBeGreaterThan(Math.max(...live.map(hintOf)));
    release();
  });

  it('closes with 1012 at the deadline, and not before, whoever has not left', async () => {
    const { instance, sockets } = await instanceWith(3);
    const isOver = await drain(instance);
    await instance.clock.advance(TIMEOUT - 1);
    expect(sockets.map(({ closedWith }) => closedWith)).toEqual([null, null, null]);
    expect(isOver()).toBe(false);
    await instance.clock.advance(100);
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([1012, 1012, 1012]);
    expect(isOver()).toBe(true);
  });

  it('is over as soon as everybody has left', async () => {
    const { instance, sockets } = await instanceWith(2);
    const isOver = await drain(instance);
    sockets[0]?.leave();
    await instance.clock.advance(1_000);
    expect(isOver()).toBe(false);
    sockets[1]?.leave();
    await instance.clock.advance(100);
    expect(isOver()).toBe(true);
  });

  it('is over at once where nobody is connected', async () => {
    const { instance } = await instanceWith(0);
    const isOver = await drain(instance);
    expect(isOver()).toBe(true);
  });

  it('does not wait for ever for a client that does not answer the close', async () => {
    const { instance, sockets } = await instanceWith(1);
    for (const socket of sockets) socket.isDeaf = true;
    const isOver = await drain(instance);
    await instance.clock.advance(TIMEOUT + 2_000);
    expect(isOver()).toBe(true);
  });

  it('goes by durations: setting the clock does not end it', async () => {
    const { instance, sockets } = await instanceWith(1);
    await drain(instance);
    instance.clock.jumpWallClock(3_600_000);
    await instance.clock.advance(TIMEOUT / 2);
    expect(sockets[0]?.closedWith).toBeNull();
  });

  it('refuses new upgrades with 503', async () => {
    const { instance } = await instanceWith(1);
    await drain(instance);
    expect(await instance.apply()).toMatchObject({ kind: 'refused', problem: { code: 'draining' } });
    const { admission } = instance.core.routes;
    expect(await admission.explain({ userId: 'u-1', address: '192.0.2.1' })).toMatchObject({
      code: 'draining',
    });
    expect(instance.core.routes.isDraining()).toBe(true);
  });

  it('tells a client too that was admitted before and opens only now', async () => {
    const { instance } = await instanceWith(1);
    const result = await instance.apply();
    await drain(instance);
    await instance.clock.advance(TIMEOUT / 2);
    if (result.kind === 'refused') throw new Error('refused');
    const late = new FakeSocket().open(result.acceptance.handlers);
    await instance.clock.advance(100);
    expect(hintOf(late)).toBeLessThan(TIMEOUT / 2);
    expect(late.of('SERVER_DRAINING')[0]?.payload.deadline_ms).toBeLessThanOrEqual(TIMEOUT / 2);
    await instance.clock.advance(TIMEOUT / 2);
    expect(late.closedWith).toMatchObject({ code: 1012 });
  });

  it('waits for who was accepted before and opens only now, though nobody else is there', async () => {
    const { instance } = await instanceWith(0);
    const result = await instance.apply();
    if (result.kind === 'refused') throw new Error('refused');
    const isOver = await drain(instance);
    expect(isOver()).toBe(false);
    const late = new FakeSocket().open(result.acceptance.handlers);
    await instance.clock.advance(100);
    expect(hintOf(late)).toBeLessThan(TIMEOUT);
    late.leave();
    await instance.clock.advance(100);
    expect(isOver()).toBe(true);
  });

  it.each(['admit', 'subscribe', 'open'] as const)(
    'waits for an upgrade that is being decided (%s), and refuses it, leaving nothing behind',
    async (what) => {
      const { instance } = await instanceWith(0);
      const release = instance.engine.hold(what, 'answer');
      const applying = instance.apply();
      await instance.clock.settle();
      const isOver = await drain(instance);
      expect(isOver()).toBe(false);
      release();
      expect(await applying).toMatchObject({ kind: 'refused', problem: { code: 'draining' } });
      await instance.clock.advance(100);
      expect(isOver()).toBe(true);
      const { connectionsOfUser, upgradesOfNetwork } = instance.store;
      expect([instance.core.feeds.size, connectionsOfUser.size, upgradesOfNetwork.size]).toEqual([0, 0, 0]);
    },
  );

  it('takes events, and delivers them, until the end', async () => {
    const { instance, sockets } = await instanceWith(1);
    await drain(instance);
    await instance.clock.advance(TIMEOUT - 100);
    await instance.publish();
    expect(sockets[0]?.sequenceIds).toEqual([1]);
  });

  it('stands in the registry, and leaves nothing there', async () => {
    const { instance } = await instanceWith(1);
    await instance.core.start(8080);
    const { registry } = instance.engine;
    await drain(instance);
    expect(await registry.instances()).toMatchObject([{ instanceId: 'i-1', port: 8080, status: 'draining' }]);
    expect(await registry.connectionsOf('u-1')).toMatchObject([{ isDraining: true }]);
    await instance.clock.advance(TIMEOUT + 2_000);
    await instance.core.stop();
    expect(await registry.instances()).toEqual([]);
    expect(await registry.connectionsOf('u-1')).toEqual([]);
    expect(instance.clock.timers).toBe(0);
  });
});
