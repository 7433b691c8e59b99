import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { GlobalLimit } from '../../src/core/global-limit.ts';
import type { Engine } from '../../src/core/ports/engine.ts';
import { freshId } from '../support/engine-events.ts';
import { rawRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import { noMetrics } from '../support/no-metrics.ts';
import { recordingLog } from '../support/test-instance.ts';

const RATE = 10_000;
const POLL_MS = 10;
const SETTLED_MS = 500;
const MEASURED_MS = 2_500;
/** In seconds of the rate, as `GlobalLimit` promises: 0.2 of the bucket, 0.3 in hand, and 0.01 for each of three on credit. */
const MOST_ON_TOP_S = 0.53;

const passed = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An instance with more to deliver than it may, on a limit of this test's own. */
function startConsumer(engine: Engine, limit: string) {
  const own = { limits: { lease: (asked) => engine.limits.lease({ ...asked, limit }) } } satisfies Pick<
    Engine,
    'limits'
  >;
  const tokens = new GlobalLimit({
    engine: own,
    clock: systemClock,
    log: recordingLog(),
    metrics: noMetrics,
    rate: RATE,
  });
  const consumer = { delivered: 0 };
  const stopPolling = systemClock.every(POLL_MS, () => {
    while (tokens.take(1)) consumer.delivered++;
  });
  onTestFinished(async () => {
    stopPolling();
    tokens.stop();
    await engine.close();
  });
  return consumer;
}

describe('the limit over the whole cluster', () => {
  test('three instances share it within 5 %, by the clock of Redis', async () => {
    const url = inject('redisUrl');
    const redis = rawRedis(url);
    onTestFinished(() => redis.disconnect());
    const limit = freshId();
    const engines = await Promise.all([1, 2, 3].map(() => connected(redisEngine(url))));
    const consumers = engines.map((engine) => startConsumer(engine, limit));
    await passed(SETTLED_MS);
    const look = async () => ({
      at: Number(await redis.hget(`ws:limits:${limit}`, 'at')),
      delivered: consumers.map(({ delivered }) => delivered),
    });
    const before = await look();
    await passed(MEASURED_MS);
    const after = await look();
    const expected = (RATE * (after.at - before.at)) / 1000;
    const shares = after.delivered.map((count, index) => count - (before.delivered[index] ?? 0));
    const sum = shares.reduce((one, other) => one + other, 0);
    // A machine that stands still for longer than the bucket lasts delivers less; it is no more than is asked here.
    expect(sum / expected, `${shares} of ${expected}`).toBeGreaterThan(0.7);
    // The bucket, what was in hand and what is on credit come on top, all of them only where it stood still before.
    expect(sum, `${shares} of ${expected}`).toBeLessThan(expected + RATE * MOST_ON_TOP_S);
    for (const share of shares) {
      expect(share / (sum / 3), `${shares}`).toBeGreaterThan(0.95);
      expect(share / (sum / 3), `${shares}`).toBeLessThan(1.05);
    }
  });

  test('a clock that went back, as that of another primary can, takes no tokens away', async () => {
    const redis = rawRedis(inject('redisUrl'));
    const engine = await connected(redisEngine(inject('redisUrl')));
    onTestFinished(async () => {
      redis.disconnect();
      await engine.close();
    });
    const request = { limit: freshId(), rate: RATE, returned: 0 };
    await engine.limits.lease({ ...request, wanted: 500 });
    await redis.hset(`ws:limits:${request.limit}`, 'at', Date.now() + 60_000);
    expect((await engine.limits.lease({ ...request, wanted: 1_000 })).granted).toBe(1_000);
    await redis.hset(`ws:limits:${request.limit}`, 'pool', 0);
    await passed(20);
    expect((await engine.limits.lease({ ...request, wanted: 1_000 })).granted).toBeGreaterThan(100);
  });
});
