import type { RawRedis } from './engine-redis.ts';
import { keysNamed } from './engine-redis.ts';

/**
 * Makes keys look as they would so much later: times to live run down, entries of streams are older, scores of sorted
 * sets (which are all times) and the times of a bucket or a task lie further back. What would have expired is gone.
 */
export async function ageKeys(redis: RawRedis, age: number, names: readonly string[]): Promise<void> {
  const milliseconds = Math.round(age);
  for (const key of await keysNamed(redis, names)) {
    const left = (await redis.pttl(key)) - milliseconds;
    const type = await redis.type(key);
    if (type === 'stream') await ageEntries(redis, key, milliseconds);
    if (key.startsWith('ws:progress:')) await ageTasks(redis, key, milliseconds);
    if (type === 'zset') await ageScores(redis, key, milliseconds);
    if (key.startsWith('ws:limits:')) await ageBucket(redis, key, milliseconds);
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

/** Which words of a task are times: of the last update, of the begin of the run, of the last step. */
const TIMES_OF_TASK = [0, 1, 7];

async function ageTasks(redis: RawRedis, key: string, milliseconds: number): Promise<void> {
  for (const [name, task] of Object.entries(await redis.hgetall(key))) {
    const [words = '', ...record] = task.split('\n');
    const older = words
      .split(' ')
      .map((word, place) => (TIMES_OF_TASK.includes(place) ? Number(word) - milliseconds : word));
    await redis.hset(key, name, [older.join(' '), ...record].join('\n'));
  }
}

async function ageScores(redis: RawRedis, key: string, milliseconds: number): Promise<void> {
  for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, -milliseconds, member);
}

async function ageBucket(redis: RawRedis, key: string, milliseconds: number): Promise<void> {
  for (const [field, value] of Object.entries(await redis.hgetall(key))) {
    if (field === 'pool') continue;
    const [time, ...rest] = value.split(' ');
    await redis.hset(key, field, [Number(time) - milliseconds, ...rest].join(' '));
  }
}
