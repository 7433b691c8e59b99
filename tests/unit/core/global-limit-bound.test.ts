import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LimitedInstance } from '../../support/limited-instance.ts';
import { LimitedCluster } from '../../support/limited-instance.ts';

const ROUNDS = 60;
const ROUND_MS = 50;

/** What happens at one instance: in a round, so many messages more, as parts of what the rate would bear in one. */
type Arrival = { readonly instance: number; readonly round: number; readonly times: number };

const arrivals = (instances: number): fc.Arbitrary<Arrival[]> =>
  fc.array(
    fc.record({
      instance: fc.nat(instances - 1),
      round: fc.nat(ROUNDS - 1),
      times: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(2, 5, 30)),
    }),
    { maxLength: 120 },
  );

const situation = fc
  .record({
    rate: fc.constantFrom(20, 300, 1_000, 10_000),
    instances: fc.integer({ min: 1, max: 5 }),
    travelMs: fc.constantFrom(0, 1, 20),
  })
  .chain((fixed) => arrivals(fixed.instances).map((arriving) => ({ ...fixed, arriving })));

/** The greatest number of messages that any window of time had beyond what the rate gives it. */
function mostBeyondRate(all: readonly LimitedInstance[], rate: number): number {
  const deliveries = all.flatMap((one) => one.deliveries).sort((one, other) => one.at - other.at);
  let most = 0;
  for (const [index, { at: from }] of deliveries.entries()) {
    let sum = 0;
    for (const { at, count } of deliveries.slice(index)) {
      sum += count;
      most = Math.max(most, sum - (rate * (at - from)) / 1000);
    }
  }
  return most;
}

it('random demands: no window has more than the rate, the bucket, leases and credit; all is delivered in the end', async () => {
  const property = fc.asyncProperty(situation, async ({ rate, instances, travelMs, arriving }) => {
    const cluster = new LimitedCluster(rate);
    const all = Array.from({ length: instances }, () => cluster.instance());
    for (const one of all) one.engine.questionMs = () => travelMs;
    let total = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const arrival of arriving.filter((one) => one.round === round)) {
        const count = Math.round((arrival.times * rate * ROUND_MS) / 1000);
        all[arrival.instance]?.arrive(count);
        total += count;
      }
      await cluster.clock.advance(ROUND_MS);
    }
    // Most of the rate is used while anything waits, wherever it waits.
    await cluster.clock.advance(((total / rate) * 1000) / 0.9 + 1_000);
    const waiting = all.map((one) => one.waiting);
    await cluster.stop();
    expect(waiting).toEqual(all.map(() => 0));
    const credit = instances * 0.01 * rate;
    expect(cluster.delivered(0, 1_000)).toBeLessThanOrEqual(1.2 * rate + credit);
    expect(mostBeyondRate(all, rate)).toBeLessThanOrEqual(0.5 * rate + credit);
    const calls = 10 * (cluster.clock.elapsed() / 1000) + 1;
    for (const one of all) expect(one.leases.length).toBeLessThanOrEqual(calls);
  });
  await fc.assert(property, { numRuns: 100 });
}, 60_000);
