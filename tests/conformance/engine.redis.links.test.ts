import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { everyCall, expectRefused } from '../support/engine-calls.ts';
import { append, eventually, freshUser, idsOf, Recorder } from '../support/engine-events.ts';
import type { EngineProxy, ProxiedLink } from '../support/engine-proxy.ts';
import { startProxy } from '../support/engine-proxy.ts';
import { rawRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';

describe('links to Redis that break or fall silent', () => {
  let proxy: EngineProxy;
  let redis: Redis;
  let engine: Engine;
  let recorder: Recorder;
  let user: string;

  beforeEach(async () => {
    const url = new URL(inject('redisUrl'));
    proxy = await startProxy(Number(url.port || 6379), url.hostname);
    url.host = new URL(proxy.url).host;
    redis = rawRedis(inject('redisUrl'));
    engine = redisEngine(url.href);
    recorder = new Recorder(engine);
    user = freshUser();
    await connected(engine);
  });
  afterEach(async () => {
    await engine.close();
    await proxy.close();
    redis.disconnect();
  });

  const subscribers = async (userId: string) => (await redis.pubsub('NUMSUB', `ws:user:{${userId}}`))[1];
  /** The engine is on another link than this one, and on it for good. */
  async function replaced(link: ProxiedLink): Promise<void> {
    await eventually(() => expect(link.isOpen).toBe(false));
    await connected(engine);
  }

  test('G4: a subscriber link that fell silent is noticed by the probe, and replaced', async () => {
    await engine.handover.subscribe(user);
    const link = proxy.link('subscriber');
    link.mute();
    await append(engine, user);
    const before = recorder.interruptions;
    await expectRefused([['probe', engine.probe()]]);
    expect(engine.unavailable()).toContain('subscriber');
    await replaced(link);
    expect(recorder.interruptions).toBe(before + 1);
    await append(engine, user);
    await eventually(() => expect(idsOf(recorder.of(user))).toEqual([2]));
    await engine.probe();
  });

  test('a probe that waits for its hand-over ends with the engine', async () => {
    proxy.link('subscriber').mute();
    const failure = expect(engine.probe()).rejects.toThrow('the engine was closed');
    // Answers come in order: after this one, only the hand-over is still waited for.
    await new Promise((resolve) => setImmediate(resolve));
    await engine.streams.open(user);
    await engine.close();
    await failure;
  });

  test('G4: a subscriber link that broke is replaced, and what was subscribed to comes back', async () => {
    const [kept, given] = [freshUser(), freshUser()];
    await Promise.all([kept, given].map((one) => engine.handover.subscribe(one)));
    const before = recorder.interruptions;
    const link = proxy.link('subscriber');
    link.cut();
    await eventually(() => expect(engine.unavailable()).toContain('subscriber'));
    await engine.handover.unsubscribe(given);
    await replaced(link);
    expect(recorder.interruptions).toBe(before + 1);
    expect([await subscribers(kept), await subscribers(given)]).toEqual([1, 0]);
    await append(engine, kept);
    await eventually(() => expect(recorder.of(kept)).toHaveLength(1));
  });

  test('while the subscriber link is down, appending and reading go on', async () => {
    proxy.link('subscriber').cut();
    await eventually(() => expect(engine.unavailable()).toContain('subscriber'));
    await append(engine, user);
    expect((await engine.streams.read(user, 0)).records).toHaveLength(1);
  });

  test('a command link that fell silent is given up; what is asked meanwhile is refused in time', async () => {
    const link = proxy.link('commands');
    link.mute();
    await expectRefused(everyCall(engine).filter(([name]) => name !== 'subscribe'));
    while (link.isOpen) await expectRefused([['append', append(engine, user)]]);
    await connected(engine);
    await append(engine, freshUser());
  });

  test('a command link that broke refuses what was under way at once, and is replaced', async () => {
    const link = proxy.link('commands');
    link.mute();
    const start = performance.now();
    const calls = everyCall(engine).filter(([name]) => name !== 'subscribe');
    await new Promise((resolve) => setImmediate(resolve));
    link.cut();
    await expectRefused(calls);
    expect(performance.now() - start).toBeLessThan(700);
    await connected(engine);
    await append(engine, user);
  });

  test('a subscription under way when its link breaks is refused, and can be had on the next', async () => {
    const link = proxy.link('subscriber');
    link.mute();
    const [one, other] = [engine.handover.subscribe(user), engine.handover.subscribe(user)];
    link.cut();
    await expectRefused([
      ['one', one],
      ['other', other],
    ]);
    await replaced(link);
    expect(await subscribers(user)).toBe(0);
    await engine.handover.subscribe(user);
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });

  test('a subscription that failed takes nothing from one that came after it', async () => {
    const link = proxy.link('subscriber');
    link.mute();
    const failing = engine.handover.subscribe(user);
    // Half of what an answer is waited for, so that the first fails while the second still waits.
    await new Promise((resolve) => setTimeout(resolve, 400));
    const given = engine.handover.unsubscribe(user);
    const wanted = engine.handover.subscribe(user);
    await expect(failing).rejects.toThrow(EngineUnavailable);
    link.unmute();
    await Promise.all([given, wanted]);
    link.cut();
    await replaced(link);
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });

  test('what is on its way when a user is given up is not handed over', async () => {
    const [kept, given] = [freshUser(), freshUser()];
    await Promise.all([kept, given].map((one) => engine.handover.subscribe(one)));
    const link = proxy.link('subscriber');
    link.mute();
    await append(engine, given);
    await append(engine, kept);
    const unsubscribed = engine.handover.unsubscribe(given);
    link.unmute();
    await unsubscribed;
    expect(recorder.all.map(({ userId }) => userId)).toEqual([kept]);
  });

  test('users that are given up while subscriptions are being brought back do not come back', async () => {
    // They are brought back 500 at a time: the first is asked for already when it is given up, the last is yet to be.
    const users = Array.from({ length: 501 }, freshUser);
    for (const one of users) await engine.handover.subscribe(one);
    const [first = '', last = ''] = [users[0], users.at(-1)];
    let restoring: ProxiedLink | null = null;
    proxy.onAsked('ws:user:', (link) => {
      if (restoring === null) link.mute();
      restoring = link;
    });
    const link = proxy.link('subscriber');
    link.cut();
    const held = await eventually(() => restoring ?? expect.fail('nothing is being brought back'));
    const given = Promise.all([first, last].map((one) => engine.handover.unsubscribe(one)));
    held.unmute();
    await given;
    await replaced(link);
    expect([await subscribers(first), await subscribers(last)]).toEqual([0, 0]);
    expect(await subscribers(users[1] ?? '')).toBe(1);
  });

  test('a link that breaks while subscriptions are being brought back leaves the next one be', async () => {
    await engine.handover.subscribe(user);
    let cuts = 0;
    proxy.onAsked('ws:user:', (link) => {
      if (cuts++ > 0) return;
      link.mute();
      // Broken once the engine waits for an answer that will never come.
      setImmediate(() => link.cut());
    });
    proxy.link('subscriber').cut();
    await eventually(() => expect(cuts).toBe(2));
    await connected(engine);
    const present = proxy.link('subscriber');
    // Longer than any answer is waited for: nothing of the broken link comes back to disturb this one.
    await Promise.all([engine.probe(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    expect(proxy.link('subscriber')).toBe(present);
    expect(engine.unavailable()).toBeNull();
  });

  test('subscriptions that Redis does not confirm are asked for again on a new link', async () => {
    await engine.handover.subscribe(user);
    let silent = 0;
    proxy.onAsked('ws:user:', (link) => {
      if (silent++ < 1) link.mute();
    });
    const link = proxy.link('subscriber');
    link.cut();
    await replaced(link);
    expect(silent).toBe(2);
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });
});
