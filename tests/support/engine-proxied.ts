import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { eventually, Recorder } from './engine-events.ts';
import type { EngineProxy, ProxiedLink } from './engine-proxy.ts';
import { startProxy } from './engine-proxy.ts';
import { rawRedis } from './engine-redis.ts';
import { connected, redisEngine } from './engine-rig.ts';

/** An engine whose links to a Redis can be disturbed. */
export type ProxiedEngine = {
  readonly proxy: EngineProxy;
  readonly engine: Engine;
  readonly recorder: Recorder;
  /** A link of the test's own, past the proxy. */
  readonly redis: Redis;
  /** How many links Redis has that are subscribed to a user. */
  subscribers(userId: string): Promise<unknown>;
  /** Waits until a link is gone, and the engine is on another one for good. */
  replaced(link: ProxiedLink): Promise<void>;
  close(): Promise<void>;
};

/** A proxy cannot see who subscribes where all is encrypted. */
export const isEncrypted = (redisUrl: string): boolean => redisUrl.startsWith('rediss:');

export async function startProxied(redisUrl: string): Promise<ProxiedEngine> {
  const url = new URL(redisUrl);
  const proxy = await startProxy(Number(url.port || 6379), url.hostname);
  url.host = new URL(proxy.url).host;
  const redis = rawRedis(redisUrl);
  const engine = redisEngine(url.href);
  const recorder = new Recorder(engine);
  await connected(engine);
  return {
    proxy,
    engine,
    recorder,
    redis,
    subscribers: async (userId) => (await redis.pubsub('NUMSUB', `ws:user:{${userId}}`))[1],
    replaced: async (link) => {
      await eventually(() => expect(link.isOpen).toBe(false));
      await connected(engine);
    },
    close: async () => {
      await engine.close();
      await proxy.close();
      redis.disconnect();
    },
  };
}
