import type { Redis } from 'ioredis';

/** CPU time that a Redis server has used so far, in seconds. */
export async function cpuSecondsOf(redis: Redis): Promise<number> {
  const cpu = await redis.info('cpu');
  const used = (name: string): number => Number(new RegExp(`used_cpu_${name}:([\\d.]+)`).exec(cpu)?.[1]);
  return used('user') + used('sys');
}
