import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LimitedCluster } from '../../support/limited-instance.ts';

const RATE = 10_000;
/** 10 ms of the rate. */
const CREDIT = 100;

let cluster: LimitedCluster;

beforeEach(() => {
  cluster = new LimitedCluster(RATE);
});
afterEach(() => cluster.stop());

describe('low demand', () => {
  it('waits for no round trip, and is leased afterwards', async () => {
    const one = cluster.instance();
    one.engine.questionMs = () => 50;
    one.arrive(CREDIT);
    expect(one.delivered()).toBe(CREDIT);
    expect(one.leases).toEqual([]);
    await cluster.clock.advance(1_000);
    expect(one.leases).toMatchObject([{ wanted: CREDIT, returned: 0 }]);
  });

  it('is one call for each message at most, and none while idle', async () => {
    const one = cluster.instance();
    for (let n = 0; n < 10; n++) {
      one.arrive(1);
      await cluster.clock.advance(1_000);
    }
    expect(one.delivered()).toBe(10);
    expect(one.leases).toHaveLength(10);
    await cluster.clock.advance(60_000);
    expect(one.leases).toHaveLength(10);
  });

  it('of many instances has less credit each, as their share is less', async () => {
    const all = Array.from({ length: 20 }, () => cluster.instance());
    for (const one of [...all, ...all]) {
      one.arrive(1);
      await cluster.clock.advance(200);
    }
    for (const one of all) one.arrive(CREDIT);
    expect(all.map((one) => one.delivered() - 2)).toEqual(all.map(() => RATE / 10 / all.length));
  });

  it('of any size up to the rate is delivered as it comes', async () => {
    const one = cluster.instance();
    await cluster.flow(new Map([[one, 1_000]]), 1_000);
    await cluster.flow(new Map([[one, 9_000]]), 5_000);
    expect(one.waiting).toBeLessThan(200);
    expect(one.leases.length).toBeLessThanOrEqual(61);
  });
});

describe('a burst', () => {
  it('takes the credit at once and a fair share within the next poll', async () => {
    const one = cluster.instance();
    one.arrive(1_000);
    expect(one.delivered()).toBe(CREDIT);
    await cluster.clock.advance(20);
    expect(one.delivered()).toBe(1_000);
  });

  it('of all instances, all cold, does not come to twice the rate in the first second', async () => {
    const all = Array.from({ length: 10 }, () => cluster.instance());
    for (const one of all) one.arrive(100_000);
    await cluster.clock.advance(1_000);
    const delivered = all.reduce((sum, one) => sum + one.delivered(), 0);
    expect(delivered).toBeLessThanOrEqual(1.2 * RATE + 10 * CREDIT);
    expect(delivered).toBeGreaterThan(RATE);
  });

  it('leaves nothing in hand: what was not used goes back, and others have it', async () => {
    const [one, other] = [cluster.instance(), cluster.instance()];
    one.arrive(CREDIT + 1);
    await cluster.clock.advance(1_000);
    const [first, second] = one.leases;
    expect(one.leases).toHaveLength(2);
    expect(second).toMatchObject({ wanted: 0, returned: (first?.wanted ?? 0) - CREDIT - 1 });
    expect(cluster.store.buckets.get('deliveries')?.pool).toBeCloseTo(RATE / 5 - 1 - CREDIT, -3);
    other.arrive(2_000);
    await cluster.clock.advance(300);
    expect(other.waiting).toBe(0);
  });
});

describe('critical events', () => {
  it('pass with nothing there; others then wait until it is paid, a second at most', async () => {
    const one = cluster.instance();
    one.limit.force(500);
    expect(one.limit.take(1)).toBe(false);
    await cluster.clock.advance(100);
    expect(one.limit.take(1)).toBe(true);
    one.limit.force(10_000_000);
    expect(one.limit.take(1)).toBe(false);
    one.arrive(1);
    await cluster.clock.advance(1_000);
    expect(one.waiting).toBe(0);
  });
});

describe('an instance that stops', () => {
  it('has no timer, and asks nothing more, not even after an answer that was under way', async () => {
    const one = cluster.instance();
    const timers = cluster.clock.timers;
    one.arrive(1);
    expect(cluster.clock.timers).toBe(timers + 1);
    const release = one.engine.hold('lease', 'answer');
    one.arrive(1_000);
    await cluster.clock.settle();
    one.limit.stop();
    release();
    await cluster.clock.settle();
    expect(cluster.clock.timers).toBe(timers);
    one.limit.take(1);
    one.limit.force(1);
    expect(cluster.clock.timers).toBe(timers);
    expect(one.leases).toHaveLength(1);
  });
});
