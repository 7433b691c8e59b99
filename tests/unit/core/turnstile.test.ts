import { describe, expect, it } from 'vitest';
import { aloneInstance, eventOf } from '../../support/test-instance.ts';
import { LATEST, range } from './delivery-rig.ts';

const SECONDS = 10;

/** Users with a connection each, who are sent so many events a second, more than the limit over all lets through. */
async function delivered(rates: readonly number[]): Promise<number[]> {
  const instance = aloneInstance({
    rateLimitGlobal: 200,
    rateLimitPerConnection: 100,
    connectRatePerAddress: 0,
  });
  const sockets = await Promise.all(
    rates.map((_, user) => instance.connect({ ...LATEST, user: `u-${user}` })),
  );
  let published = 0;
  for (let turn = 0; turn < SECONDS * 20; turn++) {
    const due = rates.flatMap((rate, user) => {
      const [before, after] = [turn, turn + 1].map((turns) =>
        Math.floor((turns * rate) / 20 + user / rates.length),
      );
      return Array.from({ length: (after ?? 0) - (before ?? 0) }, () => user);
    });
    await Promise.all(
      due.map((user) =>
        instance.core.routes.publisher.publish({
          key: { service: 'worker', id: `e-${published++}` },
          bodyHash: 'x',
          events: [eventOf({ user_id: `u-${user}` })],
        }),
      ),
    );
    await instance.clock.advance(50);
  }
  return sockets.map(({ sequenceIds }) => sequenceIds.length);
}

describe('the limit over all connections (G11)', () => {
  it('is shared equally by those of one instance that it holds up', async () => {
    const counts = await delivered(range(1, 60).map(() => 10));
    const fair = (200 * SECONDS) / 60;
    expect(Math.min(...counts)).toBeGreaterThan(0.8 * fair);
    expect(Math.max(...counts)).toBeLessThan(1.3 * fair);
  });

  it('gives those with little all of it, however much the others have', async () => {
    const counts = await delivered([...range(1, 20).map(() => 1), ...range(1, 20).map(() => 40)]);
    const [little, much] = [counts.slice(0, 20), counts.slice(20)];
    expect(Math.min(...little)).toBeGreaterThanOrEqual(SECONDS - 1);
    expect(Math.min(...much)).toBeGreaterThan(0.7 * ((200 * SECONDS - 20 * SECONDS) / 20));
  });

  it('holds up no critical event, however many wait (G7)', async () => {
    const instance = aloneInstance({ rateLimitGlobal: 1 });
    const sockets = await Promise.all(['u-1', 'u-2'].map((user) => instance.connect({ ...LATEST, user })));
    for (const user_id of ['u-1', 'u-1', 'u-1', 'u-2', 'u-2']) await instance.publish({ user_id });
    await instance.publish({ user_id: 'u-2', priority: 'critical' });
    expect(sockets[0]?.sequenceIds.length).toBeLessThan(3);
    expect(sockets[1]?.sequenceIds).toEqual([1, 2, 3]);
  });

  it('is waited for by nobody who left', async () => {
    const instance = aloneInstance({
      rateLimitGlobal: 1,
      heartbeatIntervalMs: 3_600_000,
      queueTtlMs: 60_000,
    });
    const { timers } = instance.clock;
    const [first, second] = await Promise.all(
      ['u-1', 'u-2'].map((user) => instance.connect({ ...LATEST, user })),
    );
    for (let n = 0; n < 5; n++) await instance.publish();
    for (let n = 0; n < 3; n++) await instance.publish({ user_id: 'u-2' });
    first?.leave();
    await instance.clock.advance(5_000);
    expect(second?.sequenceIds).toEqual([1, 2, 3]);
    second?.leave();
    await instance.clock.advance(5_000);
    expect(instance.clock.timers).toBe(timers);
  });
});
