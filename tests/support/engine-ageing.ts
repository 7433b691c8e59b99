import type { RawRedis } from './engine-redis.ts';
import { keysNamed } from './engine-redis.ts';

/**
 * Makes keys look as they would so much later: times to live run down, entries of streams are older, scores of sorted
 * sets (which are all times) lie further back. What would have expired is gone.
 */
export async function ageKeys(
  redis: RawRedis,
  milliseconds: number,
  names: readonly string[],
): Promise<void> {
  for (const key of await keysNamed(redis, names)) {
    const left = (await redis.pttl(key)) - milliseconds;
    const type = await redis.type(key);
    if (type === 'stream') await ageEntries(redis, key, milliseconds);
    if (type === 'zset') await ageScores(redis, key, milliseconds);
    await redis.pexpire(key, left);
  }
}

async function ageEntries(redis: RawRedis, key: string, milliseconds: number): Promise<void> {
  const entries = await redis.xrangeBuffer(key, '-', '+');
  if (entries.length === 0) return;
  const writes = redis.multi().del(key);
  for (const [id, [at, time, ...rest]] of entries) {
    writes.xadd(key, id, at ?? '', String(Number(time) - milliseconds), ...rest);
  }
  await writes.exec();
}

async function ageScores(redis: RawRedis, key: string, milliseconds: number): Promise<void> {
  for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, -milliseconds, member);
}
