import type { Contestant } from './contestant.ts';
import type { Load } from './load/load.ts';

/** What one contestant did in its slices of time. */
export type Result = {
  /** Units of work a second. */
  readonly perSecond: number;
  /** Units of work for each second of CPU time that the server used. */
  readonly perCpuSecond: number;
  /** CPU seconds that the server used each second: near 1, one thread was busy all the time. */
  readonly busy: number;
};

export type Runner = { readonly contestant: Contestant; readonly load: Load };
export type Duration = { readonly slices: number; readonly sliceMs: number; readonly warmUpMs: number };

/**
 * Lets each runner work in turn, slice by slice, so that what else the machine does hits all alike; gives the results
 * in the order of the runners.
 */
export async function measure(runners: readonly Runner[], duration: Duration): Promise<Result[]> {
  const totals = runners.map(() => ({ work: 0, seconds: 0, cpuSeconds: 0 }));
  for (let slice = 0; slice < duration.slices; slice++) {
    for (const [index, { contestant, load }] of runners.entries()) {
      const total = totals[index];
      if (total === undefined) continue;
      const cpuBefore = await contestant.cpuSeconds();
      const start = performance.now();
      total.work += await load.run(duration.sliceMs);
      total.seconds += (performance.now() - start) / 1000;
      total.cpuSeconds += (await contestant.cpuSeconds()) - cpuBefore;
    }
  }
  return totals.map(({ work, seconds, cpuSeconds }) => ({
    perSecond: work / seconds,
    perCpuSecond: work / cpuSeconds,
    busy: cpuSeconds / seconds,
  }));
}
