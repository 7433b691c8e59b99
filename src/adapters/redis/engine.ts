import type { EngineOptions } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Engine } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Random } from '../../core/ports/random.ts';
import { closeLink, createCommandLink, createSubscriberLink } from './client.ts';
import { LINK_DOWN, RedisHandover } from './handover.ts';
import { Probe } from './probe.ts';
import { RedisRegistry } from './registry.ts';
import { keepLoaded } from './scripts.ts';
import { RedisStreams } from './streams.ts';

const CONNECT_LOOK_MS = 10;

export type RedisEngineOptions = EngineOptions & { clock: Clock; random: Random; log: Log; url: string };

/**
 * The engine of many instances. Returns at once; until both links stand, everything is refused with
 * `EngineUnavailable` and `unavailable()` says why.
 */
export function createRedisEngine(options: RedisEngineOptions): Engine {
  const { clock, log, url } = options;
  const commands = createCommandLink(url, log);
  keepLoaded(commands);
  const subscriber = createSubscriberLink(url, log);
  const handover = new RedisHandover(subscriber, options);
  const probe = new Probe({ ...options, commands, handover });
  let isClosed = false;
  const unavailable = () => {
    if (commands.status !== 'ready') return `Redis: the command link is ${commands.status}`;
    return handover.isLive ? null : LINK_DOWN;
  };
  return {
    streams: new RedisStreams(commands, options),
    handover,
    registry: new RedisRegistry(commands, options),
    probe: () => probe.run(),
    connect: (timeoutMs) => {
      const deadline = clock.elapsed() + timeoutMs;
      const isOver = () => isClosed || clock.elapsed() >= deadline;
      return new Promise((resolve) => {
        const stop = clock.every(CONNECT_LOOK_MS, () => {
          if (unavailable() !== null && !isOver()) return;
          stop();
          resolve();
        });
      });
    },
    unavailable,
    close: async () => {
      isClosed = true;
      probe.close();
      await Promise.all([closeLink(commands), closeLink(subscriber)]);
    },
  };
}
