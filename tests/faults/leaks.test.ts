import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, operator, startFragileRedis } from '../support/fault-stage.ts';
import {
  cannotReadProcesses,
  HeapScope,
  type LiveHeap,
  openSockets,
  residentBytes,
} from '../support/process-memory.ts';
import { type Runtime, startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { ALLOWED_ORIGIN, enter, VISITS, type Visitor } from '../support/visits.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

/** In the first round everything comes up that is made once; what a later one adds was forgotten. */
const FIRST_VISITS = 2_400;
const FURTHER_VISITS = 2_400;
const LANES = 24;
/** Deno's heap cannot be looked at from outside. Where it may not grow for comfort, what it takes tells of what it holds. */
const SMALL_HEAP = { DENO_V8_FLAGS: '--max-semi-space-size=1,--max-old-space-size=64' };
/** Coarse: allocators keep what they have. A connection that is not forgotten has several times as much. */
const RESIDENT_BYTES_A_VISIT = 2_500;
/** Node's, measured behind a collection, buffers and all, and so exact: an entry of a map is larger. */
const HEAP_BYTES_A_VISIT = 20;
/** Objects that stand for a connection, or for its time. If one kind of visit left one each, that were 1 / 12 a visit. */
const CLASSES = [
  'Connection',
  'Delivery',
  'Outbox',
  'Feed',
  'WsSocket',
  'WebSocket',
  'Decision',
  'Socket',
  'Timeout',
];
const OBJECTS_A_VISIT = 1 / 200;
const MOST_CONNECTIONS = 20;
const ENV = {
  WS_ALLOWED_ORIGINS: ALLOWED_ORIGIN,
  WS_MAX_CONNECTIONS_PER_USER: String(MOST_CONNECTIONS),
  // Nobody here answers a PING.
  WS_HEARTBEAT_INTERVAL: '5m',
};

// Sockets and memory of a process are read from /proc.
test.skipIf(cannotReadProcesses)(
  'nothing is left of thousands of connections that came and went in every way: node',
  async () => {
    const scope = new HeapScope();
    const { server, round } = await startScene({ runtime: 'node', env: scope.env });
    await round(FIRST_VISITS);
    const heap = await scope.look(server);
    await round(FURTHER_VISITS);
    expectNoGrowth(heap, await scope.look(server));
  },
  240_000,
);

test.skipIf(cannotReadProcesses)(
  'nothing is left of thousands of connections that came and went in every way: deno',
  async () => {
    const { server, round } = await startScene({ runtime: 'deno', env: SMALL_HEAP });
    await round(FIRST_VISITS);
    const resident = residentBytes(server.pid);
    await round(FURTHER_VISITS);
    const added = (residentBytes(server.pid) - resident) / FURTHER_VISITS;
    expect(added, 'resident bytes a visit').toBeLessThan(RESIDENT_BYTES_A_VISIT);
  },
  240_000,
);

/** Compares what there was before a round with what there is behind it. */
function expectNoGrowth(before: LiveHeap, behind: LiveHeap): void {
  for (const name of CLASSES) {
    const added = behind.countOf(name) - before.countOf(name);
    expect(added / FURTHER_VISITS, `objects of ${name} a visit`).toBeLessThan(OBJECTS_A_VISIT);
  }
  const bytes = (behind.bytes - before.bytes) / FURTHER_VISITS;
  expect(bytes, 'bytes of heap a visit').toBeLessThan(HEAP_BYTES_A_VISIT);
}

async function startScene({ runtime, env }: { runtime: Runtime; env: Record<string, string> }) {
  const redis = await startFragileRedis();
  const server = await startServer({
    runtime,
    redisUrl: redis.url,
    env: { ...ENV, ...env },
    fromSources: true,
  });
  onTestFinished(() => server.stop());
  const visitors = await prepare(server.url);
  const link = operator(redis.url);
  await eventually(
    'those that stay are registered',
    async () => (await registered(link)) === MOST_CONNECTIONS,
  );
  const before = await whatStands(link);
  const sockets = openSockets(server.pid);
  const isAsBefore = async () => (await whatStands(link)) === before && openSockets(server.pid) <= sockets;
  const round = async (visits: number): Promise<void> => {
    await visit(visitors, visits);
    await eventually('all is as it was', isAsBefore, {
      describe: () => `which is ${sockets} sockets at most, and ${before}`,
    });
  };
  return { server, round };
}

/** What Redis knows of connections, as text: registry entries, how large each is, and subscriptions. */
async function whatStands(redis: Redis): Promise<string> {
  const [keys, channels] = await Promise.all([redis.keys('ws:[ciu]*'), redis.pubsub('CHANNELS')]);
  const entries = await Promise.all(keys.sort().map(async (key) => [key, await sizeOf(redis, key)]));
  return JSON.stringify({ entries, channels: channels.sort() });
}

async function sizeOf(redis: Redis, key: string): Promise<number> {
  const type = await redis.type(key);
  if (type === 'hash') return redis.hlen(key);
  return type === 'zset' ? redis.zcard(key) : redis.scard(key);
}

async function registered(redis: Redis): Promise<number> {
  return (await redis.keys('ws:connections:*')).filter((key) => /^ws:connections:[^:]+$/.test(key)).length;
}

/** One visitor a lane. They share a user with many events, and one with as many connections as it may have. */
async function prepare(url: string): Promise<Visitor[]> {
  const [rich, full] = [newUser(), newUser()];
  const [richToken, fullToken] = await Promise.all([tokenFor(rich), tokenFor(full)]);
  const events = Array.from({ length: 500 }, (_, n) =>
    numberedEvent(rich, n, { payload: { n, text: 'x'.repeat(500) } }),
  );
  expect((await new Worker(url).batch(events)).status).toBe(202);
  for (let n = 0; n < MOST_CONNECTIONS; n++) {
    const { socket } = await enter(url, fullToken);
    onTestFinished(() => void socket.destroy());
  }
  return Promise.all(
    Array.from({ length: LANES }, async () => ({
      url,
      token: await tokenFor(newUser()),
      richToken,
      fullToken,
    })),
  );
}

/** So many visits, each lane one after the other, of every kind in turn. */
async function visit(visitors: readonly Visitor[], visits: number): Promise<void> {
  let count = 0;
  const lane = async (visitor: Visitor): Promise<void> => {
    while (count < visits) await VISITS[count++ % VISITS.length]?.(visitor);
  };
  await Promise.all(visitors.map(lane));
}
