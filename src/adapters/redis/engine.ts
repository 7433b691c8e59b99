import type { EngineOptions } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Engine } from '../../core/ports/engine.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Random } from '../../core/ports/random.ts';
import { answered, createCommandLink, createSubscriberLink } from './client.ts';
import { RedisHandover } from './handover.ts';
import { keys } from './keys.ts';
import { RedisRegistry } from './registry.ts';
import { RedisStreams } from './streams.ts';

const PROBE_TIMEOUT_MS = 2_000;
const PROBE_TTL_MS = 60_000;
const CONNECT_LOOK_MS = 10;

export type RedisEngineOptions = EngineOptions & { clock: Clock; random: Random; log: Log; url: string };

/**
 * The engine of many instances. Resolves at once; until both links stand, everything is refused with
 * `EngineUnavailable` and `unavailable()` says why.
 */
export function createRedisEngine(options: RedisEngineOptions): Engine {
  const { clock, log, url, instanceId, random } = options;
  const commands = createCommandLink(url);
  const subscriber = createSubscriberLink(url);
  for (const [link, redis] of Object.entries({ commands, subscriber })) {
    redis.on('error', (error: Error) => log.warn('Redis link failed', { link, error: error.message }));
  }
  const handover = new RedisHandover(subscriber, { instanceId, log });
  const probes = new Map<string, () => void>();
  handover.onProbe((nonce) => probes.get(nonce)?.());

  /** One write, and one hand-over to ourselves: a link that only seems to be there fails here, and is renewed. */
  async function probe(): Promise<number> {
    const nonce = random.id();
    const start = clock.elapsed();
    let giveUp = () => {};
    const heard = new Promise<void>((resolve, reject) => {
      const silence = new EngineUnavailable('Redis: no hand-over to ourselves arrived');
      giveUp = clock.after(PROBE_TIMEOUT_MS, () => reject(silence));
      probes.set(nonce, resolve);
    });
    try {
      const written = commands.set(keys.probe(instanceId), nonce, 'PX', PROBE_TTL_MS);
      await Promise.all([
        answered(written),
        answered(commands.publish(keys.probe(instanceId), nonce)),
        heard,
      ]);
      return clock.elapsed() - start;
    } finally {
      giveUp();
      probes.delete(nonce);
    }
  }

  const unavailable = () => {
    if (commands.status !== 'ready') return `Redis: the command link is ${commands.status}`;
    return handover.live ? null : 'Redis: the subscriber link is down';
  };

  function connect(timeoutMs: number): Promise<void> {
    const deadline = clock.elapsed() + timeoutMs;
    return new Promise((resolve) => {
      const stop = clock.every(CONNECT_LOOK_MS, () => {
        if (unavailable() !== null && clock.elapsed() < deadline) return;
        stop();
        resolve();
      });
    });
  }

  return {
    streams: new RedisStreams(commands, options),
    handover,
    registry: new RedisRegistry(commands, options),
    probe,
    connect,
    unavailable,
    close: async () => {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
