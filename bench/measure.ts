import type { Redis } from 'ioredis';
import type { Contestant } from './contestant.ts';
import type { Load } from './load/load.ts';
import { cpuSecondsOf } from './redis-cpu.ts';

/** What one contestant did in its slices of time. */
export type Result = {
  /** Units of work a second. */
  readonly perSecond: number;
  /** Units of work for each second of CPU time that the server used. */
  readonly perCpuSecond: number;
  /** CPU seconds that the server used each second: near 1, one thread was busy all the time. */
  readonly busy: number;
  /** CPU time that its Redis used for a unit of work; 0 without a Redis. */
  readonly redisSeconds: number;
};

export type Runner = { readonly contestant: Contestant; readonly load: Load; readonly redis?: Redis | null };
export type Duration = { readonly slices: number; readonly sliceMs: number; readonly warmUpMs: number };

/**
 * Lets each runner work in turn, slice by slice, so that what else the machine does hits all alike; gives the results
 * in the order of the runners.
 */
export async function measure(runners: readonly Runner[], duration: Duration): Promise<Result[]> {
  const totals = runners.map(() => ({ work: 0, seconds: 0, cpuSeconds: 0, redisSeconds: 0 }));
  for (let slice = 0; slice < duration.slices; slice++) {
    for (const [index, { contestant, load, redis = null }] of runners.entries()) {
      const total = totals[index];
      if (total === undefined) continue;
      const [cpuBefore, redisBefore] = [await contestant.cpuSeconds(), await redisSeconds(redis)];
      const start = performance.now();
      total.work += await load.run(duration.sliceMs);
      total.seconds += (performance.now() - start) / 1000;
      total.cpuSeconds += (await contestant.cpuSeconds()) - cpuBefore;
      total.redisSeconds += (await redisSeconds(redis)) - redisBefore;
    }
  }
  return totals.map(({ work, seconds, cpuSeconds, redisSeconds }) => ({
    perSecond: work / seconds,
    perCpuSecond: work / cpuSeconds,
    busy: cpuSeconds / seconds,
    redisSeconds: redisSeconds / work,
  }));
}

const redisSeconds = async (redis: Redis | null): Promise<number> =>
  redis === null ? 0 : await cpuSecondsOf(redis);
