import type { TestProject } from 'vitest/node';
import { ensureRedisProgram } from './redis-installation.ts';
import { startRedis } from './redis-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The Redis of this test project, shared by its files: `inject('redisUrl')`. Use keys of your own, flush nothing. */
    redisUrl: string;
  }
}

/** Gives the project's tests a Redis: the one at REDIS_URL, else one of our own, stopped at the end. */
export default async function provideRedis(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.REDIS_URL;
  if (given) {
    project.provide('redisUrl', given);
    return undefined;
  }
  await ensureRedisProgram();
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}
