import { expect, test } from 'vitest';
import type { PresentRig } from './engine.suite.ts';

export function lifecycleSuite(rig: PresentRig): void {
  test('once connected an engine is available, and its probe tells a round trip', async () => {
    const engine = await rig().engine();
    expect(engine.unavailable()).toBeNull();
    const times = await Promise.all([engine.probe(), engine.probe()]);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(0);
  });

  test('an engine can be closed twice', async () => {
    const engine = await rig().engine();
    await engine.close();
    await engine.close();
  });

  test('closing one engine leaves another one be', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    await one.close();
    expect(other.unavailable()).toBeNull();
    await other.probe();
  });
}
