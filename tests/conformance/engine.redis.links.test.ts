import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { everyCall, expectRefused } from '../support/engine-calls.ts';
import { append, eventually, freshUser, idsOf } from '../support/engine-events.ts';
import type { ProxiedEngine } from '../support/engine-proxied.ts';
import { isEncrypted, startProxied } from '../support/engine-proxied.ts';
import { connected } from '../support/engine-rig.ts';

describe.skipIf(isEncrypted(inject('redisUrl')))('links to Redis that break or fall silent', () => {
  let rig: ProxiedEngine;
  let user: string;
  beforeEach(async () => {
    rig = await startProxied(inject('redisUrl'));
    user = freshUser();
  });
  afterEach(() => rig.close());

  test('G4: a subscriber link that fell silent is noticed by the probe, and replaced', async () => {
    const { proxy, engine, recorder, replaced } = rig;
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
    const { proxy, engine } = rig;
    proxy.link('subscriber').mute();
    const failure = expect(engine.probe()).rejects.toThrow('the engine was closed');
    // Answers come in order: after this one, only the hand-over is still waited for.
    await new Promise((resolve) => setImmediate(resolve));
    await engine.streams.open(user);
    await engine.close();
    await failure;
  });

  test('G4: a subscriber link that broke is replaced, and what was subscribed to comes back', async () => {
    const { proxy, engine, recorder, subscribers, replaced } = rig;
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
    const { proxy, engine } = rig;
    proxy.link('subscriber').cut();
    await eventually(() => expect(engine.unavailable()).toContain('subscriber'));
    await append(engine, user);
    expect((await engine.streams.read(user, 0)).records).toHaveLength(1);
  });

  test('a command link that fell silent is given up; what is asked meanwhile is refused in time', async () => {
    const { proxy, engine } = rig;
    const link = proxy.link('commands');
    link.mute();
    await expectRefused(everyCall(engine).filter(([name]) => name !== 'subscribe'));
    while (link.isOpen) await expectRefused([['append', append(engine, user)]]);
    await connected(engine);
    await append(engine, freshUser());
  });

  test('a command link that broke refuses what was under way at once, and is replaced', async () => {
    const { proxy, engine } = rig;
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
});
