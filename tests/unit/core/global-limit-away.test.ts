import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LimitedInstance } from '../../support/limited-instance.ts';
import { LimitedCluster } from '../../support/limited-instance.ts';

const RATE = 10_000;
/** 10 ms of the rate. */
const CREDIT = 100;

let cluster: LimitedCluster;

beforeEach(() => {
  cluster = new LimitedCluster(RATE);
});
afterEach(() => cluster.stop());

describe('while the engine is away', () => {
  async function twoKnown(): Promise<[LimitedInstance, LimitedInstance]> {
    const pair: [LimitedInstance, LimitedInstance] = [cluster.instance(), cluster.instance()];
    for (const one of pair) one.arrive(1_000_000);
    await cluster.clock.advance(1_000);
    return pair;
  }

  it('each instance goes on with its share of the rate', async () => {
    const pair = await twoKnown();
    for (const one of pair) one.engine.isAway = true;
    await cluster.clock.advance(500);
    const from = cluster.clock.elapsed();
    await cluster.clock.advance(5_000);
    for (const one of pair) {
      expect(one.delivered(from)).toBeGreaterThan(0.98 * 5 * (RATE / 2));
      expect(one.delivered(from)).toBeLessThan(1.02 * 5 * (RATE / 2));
      expect(one.log.lines).toEqual([]);
    }
  });

  it('what nobody used comes to one lease at most, and nothing comes for the time before', async () => {
    const one = cluster.instance();
    await cluster.clock.advance(5_000);
    one.engine.isAway = true;
    one.arrive(1_000);
    await cluster.clock.advance(20);
    expect(one.delivered()).toBe(CREDIT + (20 * RATE) / 1000);
    await cluster.clock.advance(5_000);
    one.arrive(10_000);
    expect(one.delivered()).toBe(1_000 + CREDIT + RATE / 10);
  });

  it('an answer that never came is given up, and what it leased is lost', async () => {
    const [one, other] = await twoKnown();
    one.engine.losesAnswers = () => true;
    const from = cluster.clock.elapsed();
    await cluster.clock.advance(2_000);
    expect(one.delivered(from) + other.delivered(from)).toBeLessThan(2.5 * RATE);
  });

  it('an instance that has nothing to deliver asks nothing', async () => {
    const one = cluster.instance();
    one.arrive(1);
    one.engine.isAway = true;
    await cluster.clock.advance(1_000);
    const { length } = one.leases;
    await cluster.clock.advance(10_000);
    expect(one.leases).toHaveLength(length);
  });

  it('it is asked on, and leases are back as soon as it answers', async () => {
    const pair = await twoKnown();
    for (const one of pair) one.engine.isAway = true;
    await cluster.clock.advance(2_000);
    const [one, other] = pair;
    await other.die();
    one.engine.isAway = false;
    await cluster.clock.advance(1_000);
    const from = cluster.clock.elapsed();
    await cluster.clock.advance(2_000);
    expect(one.delivered(from)).toBeGreaterThan(0.98 * 2 * RATE);
    expect(one.delivered(from)).toBeLessThan(1.05 * 2 * RATE);
  });

  it('what came meanwhile does not go back to the bucket', async () => {
    const one = cluster.instance();
    one.engine.isAway = true;
    one.arrive(1_000);
    await cluster.clock.advance(2_000);
    one.engine.isAway = false;
    one.arrive(1);
    await cluster.clock.advance(1_000);
    expect(one.waiting).toBe(0);
    expect(one.leases.map(({ returned }) => returned)).toEqual(one.leases.map(() => 0));
  });

  it('a fault that is none of the network is logged', async () => {
    const one = cluster.instance();
    one.engine.limits.lease = () => Promise.reject(new TypeError('broken'));
    one.arrive(1_000);
    await cluster.clock.advance(50);
    expect(one.log.lines).toMatchObject([{ level: 'error', message: 'leasing failed' }]);
    expect(one.delivered()).toBeGreaterThan(CREDIT);
  });
});
