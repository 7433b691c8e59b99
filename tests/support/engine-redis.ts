import { Cluster, Redis } from 'ioredis';
import { findRedisProgram } from './redis-server.ts';

export type RawRedis = Redis | Cluster;

/** A plain client, to look at Redis from outside. */
export const rawRedis = (url: string): Redis =>
  new Redis(url, { retryStrategy: (attempt) => Math.min(attempt * 20, 200), maxRetriesPerRequest: null });

/** The same for a cluster. */
export const rawCluster = (urls: readonly string[]): Cluster =>
  new Cluster(urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })));

const mastersOf = (redis: RawRedis): Redis[] => (redis instanceof Cluster ? redis.nodes('master') : [redis]);

/** Every key whose name contains one of these. */
export async function keysNamed(redis: RawRedis, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const master of mastersOf(redis)) {
    for (const name of names) for (const key of await scan(master, `*${name}*`)) found.add(key);
  }
  return [...found].sort();
}

async function scan(redis: Redis, pattern: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
    found.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  return found;
}

/** Where only REDIS_URL is given there is no program to start: a Redis to flush, stop or restart cannot be had then. */
export const cannotOwnRedis = findRedisProgram() === null;
