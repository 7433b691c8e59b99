import { expect, test } from 'vitest';
import type { Engine, LeaseRequest } from '../../src/core/ports/engine.ts';
import { freshId } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const RATE = 1_000;
/** 200 ms of the rate. */
const BUCKET = 200;

/** Several engines on one bucket of their own. Real time passes too, where the engine has a clock that is not ours. */
async function startBucket(rig: PresentRig, count: number) {
  const limit = freshId();
  const engines = await Promise.all(Array.from({ length: count }, () => rig().engine()));
  const startedAt = performance.now();
  let aged = 0;
  return {
    engines: engines as [Engine, Engine, Engine],
    lease: (engine: Engine, asked: Partial<LeaseRequest>) =>
      engine.limits.lease({ limit, rate: RATE, wanted: 0, returned: 0, ...asked }),
    age: async (milliseconds: number) => {
      aged += milliseconds;
      await rig().age(milliseconds, limit);
    },
    /** Tokens that can have come up to now, at most. */
    most: () => BUCKET + (RATE * (aged + performance.now() - startedAt)) / 1000 + 1,
  };
}

export function limitsSuite(rig: PresentRig): void {
  test('a new bucket is full; what is not there is not granted, and comes with time', async () => {
    const { engines, lease, age, most } = await startBucket(rig, 1);
    const [engine] = engines;
    const { granted } = await lease(engine, { wanted: 150 });
    expect(granted).toBe(150);
    const rest = await lease(engine, { wanted: 500 });
    expect(rest.granted).toBeGreaterThanOrEqual(50);
    expect(150 + rest.granted).toBeLessThanOrEqual(most());
    await age(100);
    const later = await lease(engine, { wanted: 500 });
    expect(later.granted).toBeGreaterThanOrEqual(99.9);
    expect(150 + rest.granted + later.granted).toBeLessThanOrEqual(most());
  });

  test('a bucket that nobody asks holds no more than it did', async () => {
    const { engines, lease, age } = await startBucket(rig, 2);
    const [one, other] = engines;
    await lease(one, { wanted: BUCKET });
    await lease(other, { wanted: BUCKET });
    await age(30_000);
    expect((await lease(one, { wanted: 10 * BUCKET })).granted).toBeCloseTo(BUCKET, 6);
  });

  test('tokens that come back are there for others', async () => {
    const { engines, lease } = await startBucket(rig, 2);
    const [one, other] = engines;
    await lease(one, { wanted: BUCKET });
    await lease(one, { returned: 120 });
    expect((await lease(other, { wanted: 120 })).granted).toBe(120);
  });

  test('counts those who asked within a minute', async () => {
    const { engines, lease, age } = await startBucket(rig, 3);
    const [one, two, three] = engines;
    expect((await lease(one, { wanted: 1 })).instances).toBe(1);
    expect((await lease(two, { wanted: 1 })).instances).toBe(2);
    await age(35_000);
    expect((await lease(three, { wanted: 1 })).instances).toBe(3);
    await age(35_000);
    expect((await lease(two, { wanted: 1 })).instances).toBe(2);
    await age(70_000);
    expect((await lease(one, { wanted: 1 })).instances).toBe(1);
  });

  test('who asks more often, or for more, gets no more', async () => {
    const { engines, lease, age } = await startBucket(rig, 3);
    const [often, seldom, greedy] = engines;
    const got = { often: 0, seldom: 0, greedy: 0 };
    for (let round = 0; round < 60; round++) {
      if (round === 10) Object.assign(got, { often: 0, seldom: 0, greedy: 0 });
      await age(20);
      got.often += (await lease(often, { wanted: 60 })).granted;
      // More than its third of what comes between two of its questions, however slow the machine is.
      if (round % 2 === 1) got.seldom += (await lease(seldom, { wanted: BUCKET })).granted;
      if (round % 2 === 1) got.greedy += (await lease(greedy, { wanted: 1_000_000 })).granted;
    }
    const third = (got.often + got.seldom + got.greedy) / 3;
    for (const tokens of Object.values(got)) expect(tokens / third, JSON.stringify(got)).toBeCloseTo(1, 1);
  });

  test('who asks for little gets all of it, and the others what is left', async () => {
    const { engines, lease, age, most } = await startBucket(rig, 3);
    const [modest, ...others] = engines;
    let all = 0;
    for (let round = 0; round < 20; round++) {
      await age(100);
      for (const other of others) all += (await lease(other, { wanted: 300 })).granted;
      const { granted } = await lease(modest, { wanted: 20 });
      if (round > 1) expect(granted).toBeCloseTo(20, 6);
      all += granted;
    }
    expect(all).toBeGreaterThan(0.98 * RATE * 2);
    expect(all).toBeLessThanOrEqual(most());
  });

  test('tokens are kept for who is not there up to what it wanted last, and no further', async () => {
    const { engines, lease, age } = await startBucket(rig, 2);
    const [modest, other] = engines;
    await lease(other, { wanted: BUCKET });
    await lease(modest, { wanted: 20 });
    await lease(other, { wanted: BUCKET });
    await age(100);
    expect((await lease(other, { wanted: BUCKET })).granted).toBeGreaterThanOrEqual(79.9);
    expect((await lease(modest, { wanted: 20 })).granted).toBeCloseTo(20, 6);
  });

  test('who asks no more holds up nobody', async () => {
    const { engines, lease, age } = await startBucket(rig, 2);
    const [gone, other] = engines;
    await lease(gone, { wanted: BUCKET });
    await lease(other, { wanted: BUCKET });
    await lease(gone, { wanted: BUCKET });
    let all = 0;
    for (let round = 0; round < 20; round++) {
      await age(100);
      all += (await lease(other, { wanted: BUCKET })).granted;
    }
    expect(all).toBeGreaterThanOrEqual(2 * RATE - BUCKET);
  });

  test('limits of different names are different limits', async () => {
    const { engines, lease } = await startBucket(rig, 1);
    const [engine] = engines;
    await lease(engine, { wanted: BUCKET });
    expect((await lease(engine, { wanted: BUCKET, limit: freshId() })).granted).toBe(BUCKET);
  });
}
