import type { EngineOptions } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Engine } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Random } from '../../core/ports/random.ts';
import { sparingLog } from '../../core/sparing-log.ts';
import { closeLink, createCommandCluster, createCommandLink, createSubscriberLink } from './client.ts';
import { RedisHandover } from './handover.ts';
import { RedisLimits } from './limits.ts';
import { RedisOrders } from './orders.ts';
import { Probe } from './probe.ts';
import { RedisRegistry } from './registry.ts';
import { keepLoaded } from './scripts.ts';
import { ShardLinks } from './shard-links.ts';
import { RedisStreams } from './streams.ts';
import { LINK_DOWN, SubscriberLink } from './subscriber-link.ts';

const CONNECT_LOOK_MS = 10;

/** States of a link whose names alone say too little. */
const WORDS: Readonly<Record<string, string>> = { connect: 'connected, and gets no answer yet' };

export type RedisEngineOptions = EngineOptions & {
  clock: Clock;
  random: Random;
  log: Log;
  urls: readonly string[];
};

/**
 * The engine of many instances. Returns at once; until its links stand, everything is refused with
 * `EngineUnavailable` and `unavailable()` says why.
 */
export function createRedisEngine(options: RedisEngineOptions): Engine {
  const { clock } = options;
  const { commands, handover } = connectLinks(options);
  const probe = new Probe({ ...options, commands, handover });
  let closing: Promise<void> | null = null;
  const close = async () => {
    probe.close();
    await Promise.all([closeLink(commands), handover.close()]);
  };
  const unavailable = () => {
    if (commands.status !== 'ready')
      return `Redis: the command link is ${WORDS[commands.status] ?? commands.status}`;
    return handover.isLive ? null : LINK_DOWN;
  };
  return {
    streams: new RedisStreams(commands, options),
    handover,
    registry: new RedisRegistry(commands, options),
    orders: new RedisOrders(commands, options.instanceId),
    limits: new RedisLimits(commands, options.instanceId),
    probe: () => probe.run(),
    connect: (timeoutMs) => {
      const deadline = clock.elapsed() + timeoutMs;
      const isOver = () => closing !== null || clock.elapsed() >= deadline;
      return new Promise((resolve) => {
        const stop = clock.every(CONNECT_LOOK_MS, () => {
          if (unavailable() !== null && !isOver()) return;
          stop();
          resolve();
        });
      });
    },
    unavailable,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** One Redis is one link for commands and one for hand-overs; several URLs name nodes of a cluster. */
function connectLinks(options: RedisEngineOptions) {
  const { clock, instanceId, urls } = options;
  const log = sparingLog(options.log, clock);
  const [url = '', ...others] = urls;
  if (others.length === 0) {
    const commands = createCommandLink(url, log);
    keepLoaded(commands);
    const redis = createSubscriberLink(url, log);
    const handover = new RedisHandover({
      instanceId,
      log,
      connect: (listener) => new SubscriberLink({ redis, isSharded: false, listener, log }),
    });
    return { commands, handover };
  }
  const cluster = createCommandCluster(urls, log);
  cluster.on('+node', keepLoaded);
  const handover = new RedisHandover({
    instanceId,
    log,
    connect: (listener) => new ShardLinks({ cluster, listener, clock, log }),
  });
  return { commands: cluster, handover };
}
