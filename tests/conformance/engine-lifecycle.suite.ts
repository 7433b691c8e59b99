import { expect, test } from 'vitest';
import { append, freshUser, Recorder } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

export function lifecycleSuite(rig: PresentRig): void {
  test('once connected an engine is available, and its probe tells a round trip', async () => {
    const engine = await rig().engine();
    expect(engine.unavailable()).toBeNull();
    const times = await Promise.all([engine.probe(), engine.probe()]);
    for (const { commandMs, totalMs } of times) {
      expect(commandMs).toBeGreaterThanOrEqual(0);
      expect(totalMs).toBeGreaterThanOrEqual(commandMs);
    }
  });

  test('an engine can be closed twice', async () => {
    const engine = await rig().engine();
    await engine.close();
    await engine.close();
  });

  test('a closed engine is handed nothing any more; another one is left be', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const [closed, open] = [new Recorder(one), new Recorder(other)];
    const user = freshUser();
    await Promise.all([one, other].map((engine) => engine.handover.subscribe(user)));
    await one.close();
    await append(other, user);
    await open.caughtUp();
    expect([closed, open].map((recorder) => recorder.of(user).length)).toEqual([0, 1]);
    expect(other.unavailable()).toBeNull();
    await other.probe();
  });
}
