import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { expectRefused } from '../support/engine-calls.ts';
import { append, eventually, freshUser } from '../support/engine-events.ts';
import type { ProxiedEngine } from '../support/engine-proxied.ts';
import { isEncrypted, startProxied } from '../support/engine-proxied.ts';
import type { ProxiedLink } from '../support/engine-proxy.ts';
import { connected } from '../support/engine-rig.ts';

describe.skipIf(isEncrypted(inject('redisUrl')))('subscriptions on links that break or fall silent', () => {
  let rig: ProxiedEngine;
  let user: string;
  beforeEach(async () => {
    rig = await startProxied(inject('redisUrl'));
    user = freshUser();
  });
  afterEach(() => rig.close());

  test('a subscription under way when its link breaks is refused, and can be had on the next', async () => {
    const { proxy, engine, recorder, subscribers, replaced } = rig;
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
    const { proxy, engine, recorder, replaced } = rig;
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
    const { proxy, engine, recorder } = rig;
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
    const { proxy, engine, subscribers, replaced } = rig;
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
    const { proxy, engine } = rig;
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
    const { proxy, engine, recorder, replaced } = rig;
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
