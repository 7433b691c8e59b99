import * as fc from 'fast-check';
import { test } from 'vitest';
import type { Schedule } from './schedule.ts';
import { disorderly, rough } from './schedule.ts';
import type { Terms } from './world.ts';
import { World } from './world.ts';

const RUNS = Number(process.env.RUNS ?? 1_500);
/** A failure prints its seed; with SEED it is found again. */
const SEED = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) };

/** The contract's own (§2, G4). */
const USUAL: Terms = { reconcileIntervalMs: 2_000, settledAfterMs: 5_000 };
/** Without comparing, so that whatever needs a repair where nothing was lost stands out. */
const UNAIDED: Terms = { reconcileIntervalMs: 3_600_000, settledAfterMs: 3_000 };

test.each([
  ['G1 G2 G3 G4 G5 hold whatever goes wrong', rough, USUAL],
  ['G1 G2 G3 G5 need no repair where nothing is lost', disorderly, UNAIDED],
])('%s', { timeout: 60_000 + RUNS * 20 }, async (_, schedules, terms) => {
  const holds = async (schedule: Schedule): Promise<void> => {
    await new World(schedule, terms).live(schedule);
  };
  await fc.assert(fc.asyncProperty(schedules, holds), { numRuns: RUNS, ...SEED });
});
