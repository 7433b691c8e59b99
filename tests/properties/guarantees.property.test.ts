import * as fc from 'fast-check';
import { test } from 'vitest';
import { schedules } from './schedule.ts';
import { World } from './world.ts';

const RUNS = Number(process.env.RUNS ?? 2_500);
/** A failure prints its seed; with SEED it is found again. */
const SEED = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) };

test('G1 G2 G3 G4 G5 hold in every schedule', { timeout: 60_000 + RUNS * 20 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      await new World(schedule).live(schedule);
    }),
    { numRuns: RUNS, ...SEED },
  );
});
