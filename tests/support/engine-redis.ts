import { Redis } from 'ioredis';
import { findRedisProgram } from './redis-server.ts';

/** A plain client, to look at Redis from outside. */
export const rawRedis = (url: string): Redis =>
  new Redis(url, { retryStrategy: (attempt) => Math.min(attempt * 20, 200), maxRetriesPerRequest: null });

/** Every key whose name contains one of these. */
export async function keysNamed(redis: Redis, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of names) {
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${name}*`, 'COUNT', 1_000);
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== '0');
  }
  return [...found].sort();
}

/** Where only REDIS_URL is given there is no program to start: a Redis to flush, stop or restart cannot be had then. */
export const cannotOwnRedis = findRedisProgram() === null;
