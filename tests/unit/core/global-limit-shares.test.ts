import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LimitedCluster } from '../../support/limited-instance.ts';

const RATE = 10_000;

let cluster: LimitedCluster;

beforeEach(() => {
  cluster = new LimitedCluster(RATE);
});
afterEach(() => cluster.stop());

describe('demand beyond the rate', () => {
  const MEASURED = 5_000;

  /** Deliveries a second of each, with so many messages a second coming, once it has settled. */
  async function sharesOf(rates: readonly number[]): Promise<number[]> {
    const flows = new Map(rates.map((rate) => [cluster.instance(), rate]));
    await cluster.flow(flows, 1_000);
    const from = cluster.clock.elapsed();
    await cluster.flow(flows, MEASURED);
    return [...flows.keys()].map((one) => (one.delivered(from) * 1000) / MEASURED);
  }

  function expectWithin5Percent(shares: readonly number[], wanted: readonly number[]): void {
    for (const [index, share] of shares.entries()) {
      expect(share / (wanted[index] ?? 0), `${shares}`).toBeGreaterThan(0.95);
      expect(share / (wanted[index] ?? 0), `${shares}`).toBeLessThan(1.05);
    }
  }

  it.each([
    ['alone', [30_000], [10_000]],
    ['equal', [10_000, 10_000, 10_000], [3_333, 3_333, 3_333]],
    ['unequal', [100_000, 4_000, 5_000], [3_333, 3_333, 3_333]],
    ['max-min', [1_000, 4_000, 20_000], [1_000, 4_000, 5_000]],
    ['two beyond', [500, 9_000, 100_000], [500, 4_750, 4_750]],
    ['five', [100, 200, 3_000, 8_000, 8_000], [100, 200, 3_000, 3_350, 3_350]],
  ] as const)('%s: is shared max-min within 5 %%', async (_, rates, wanted) => {
    expectWithin5Percent(await sharesOf(rates), wanted);
  });

  it('makes ten calls a second for each instance, one at a time', async () => {
    const one = cluster.instance();
    one.engine.answerMs = () => 30;
    one.arrive(1_000_000);
    await cluster.clock.advance(10_000);
    expect(one.leases.length).toBeGreaterThan(95);
    expect(one.leases.length).toBeLessThanOrEqual(101);
    const release = one.engine.hold('lease', 'answer');
    const before = one.leases.length;
    await cluster.clock.advance(1_000);
    expect(one.leases.length - before).toBeLessThanOrEqual(2);
    release();
    await cluster.clock.advance(30);
  });

  it('of a slow engine is leased for longer, and nothing goes back that is needed', async () => {
    const one = cluster.instance();
    one.engine.answerMs = () => 150;
    await cluster.flow(new Map([[one, 20_000]]), 4_000);
    one.waiting = 0;
    expect(one.delivered(1_000)).toBeGreaterThan(0.9 * 3 * RATE);
    expect(one.leases.map(({ returned }) => returned)).toEqual(one.leases.map(() => 0));
    await cluster.clock.advance(1_000);
  });

  it('of a low rate comes to whole messages for each', async () => {
    const slow = new LimitedCluster(1);
    const all = [slow.instance(), slow.instance(), slow.instance()];
    for (const one of all) one.arrive(100);
    await slow.clock.advance(60_000);
    for (const one of all) expect(Math.abs(one.delivered() - 20)).toBeLessThanOrEqual(1);
    await slow.stop();
  });

  it('takes a lot that is larger than a lease, after a while', async () => {
    const one = cluster.instance();
    while (!one.limit.take(9_000)) await cluster.clock.advance(20);
    expect(cluster.clock.elapsed()).toBeGreaterThan(600);
    expect(cluster.clock.elapsed()).toBeLessThan(1_000);
  });
});

describe('an instance that dies', () => {
  it('takes no more than its lease along', async () => {
    const [dying, other] = [cluster.instance(), cluster.instance()];
    for (const one of [dying, other]) one.arrive(100_000);
    await cluster.clock.advance(2_000);
    await dying.die();
    const from = cluster.clock.elapsed();
    await cluster.clock.advance(1_000);
    // The lease, what was kept for it, and the bucket.
    expect(other.delivered(from)).toBeGreaterThan(0.8 * RATE);
    await cluster.clock.advance(1_000);
    expect(other.delivered(from + 1_000)).toBeGreaterThan(0.98 * RATE);
  });
});
