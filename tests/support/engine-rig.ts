import type { Redis } from 'ioredis';
import { createMemoryEngine } from '../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { createRedisEngine } from '../../src/adapters/redis/engine.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { systemRandom } from '../../src/adapters/system/random.ts';
import type { EngineOptions } from '../../src/core/limits.ts';
import type { Engine } from '../../src/core/ports/engine.ts';
import { ageKeys } from './engine-ageing.ts';
import type { RawRedis } from './engine-redis.ts';
import { rawCluster, rawRedis } from './engine-redis.ts';
import { ManualClock } from './manual-clock.ts';
import { recordingLog } from './test-instance.ts';

/** Engines on one backing store, and power over how old it is. */
export type EngineRig = {
  /** One more engine on the store, connected; closed with the rig. */
  engine(options?: Partial<EngineOptions>): Promise<Engine>;
  /** Lets time pass for what stands under these names (ids of users, connections, instances, requests, addresses). */
  age(milliseconds: number, ...names: string[]): Promise<void>;
  close(): Promise<void>;
};

let instances = 0;

/** The contract's defaults (§2), an instance id that nobody else has, and small pages. */
export const engineOptions = (options: Partial<EngineOptions> = {}): EngineOptions => ({
  instanceId: `i-${process.pid}-${++instances}-${systemRandom.id()}`,
  replayWindowMs: 300_000,
  maxReplayMessages: 1_000,
  pageEvents: 100,
  maxConnectionsPerUser: 20,
  connectRatePerAddress: 300,
  ...options,
});

/** Memory engines on one store, in a time that only the rig moves. */
export async function startMemoryRig(): Promise<EngineRig> {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const engines: Engine[] = [];
  return {
    engine: async (options) => {
      const engine = createMemoryEngine({ ...engineOptions(options), clock, random: systemRandom }, store);
      engines.push(engine);
      await engine.connect(0);
      return engine;
    },
    age: (milliseconds) => clock.advance(milliseconds),
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
      if (clock.timers > 0) throw new Error(`${clock.timers} timers are left of closed engines`);
    },
  };
}

/** An engine on a Redis, not waited for. */
export const redisEngine = (
  url: string | readonly string[],
  options: Partial<EngineOptions> = {},
  log = recordingLog(),
): Engine =>
  createRedisEngine({
    ...engineOptions(options),
    clock: systemClock,
    random: systemRandom,
    log,
    urls: [url].flat(),
  });

/** Waits until an engine can be used; a test that has to wait longer is told why. */
export async function connected(engine: Engine, withinMs = 10_000): Promise<Engine> {
  await engine.connect(withinMs);
  const reason = engine.unavailable();
  if (reason !== null) throw new Error(`the engine is not there after ${withinMs} ms: ${reason}`);
  return engine;
}

/** Engines on a real Redis that others use too. Age comes by rewriting what Redis keeps, not by waiting. */
export const startRedisRig = async (url: string): Promise<EngineRig & { readonly redis: Redis }> => {
  const redis = rawRedis(url);
  return { ...rigOn(redis, [url]), redis };
};

/** The same on a Redis Cluster. */
export const startClusterRig = async (urls: readonly string[]): Promise<EngineRig> =>
  rigOn(rawCluster(urls), urls);

function rigOn(redis: RawRedis, urls: readonly string[]): EngineRig {
  const engines: Engine[] = [];
  return {
    engine: async (options) => {
      const engine = redisEngine(urls, options);
      engines.push(engine);
      return connected(engine);
    },
    age: (milliseconds, ...names) => ageKeys(redis, milliseconds, names),
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
      await redis.quit();
    },
  };
}
