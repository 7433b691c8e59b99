import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { keys } from '../src/adapters/redis/keys.ts';
import { wholeNumber } from '../src/cli/whole-number.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { runCommand } from './command-line.ts';
import { startContestant } from './contestant.ts';
import { type ClientOptions, openClient } from './load/clients.ts';
import { KeepAlive } from './load/keep-alive.ts';
import { batchBody, clientTarget, publishRequest, SERVER_ENV } from './load/requests.ts';
import { cpuSecondsOf } from './redis-cpu.ts';

const HELP = `npm run bench:resume [-- --clients 10000] [--missed 100] [--over 8] [--cpu-prof <directory>]

The clients of one instance on Redis come back within so many seconds (0: all at the same moment), each of a user of its
own with events that it missed.
`;

/** CONNECTED, REPLAY_START and REPLAY_END, around what was missed. */
const FRAMES_AROUND = 3;
const SETTLE_MS = 500;
const COME_AGAIN_MS = 500;
const COPIES_AT_A_TIME = 500;

type Size = { readonly clients: number; readonly missed: number; readonly overSeconds: number };

const userAt = (index: number): string => `user-${index}`;

/** Gives every user as many events: the first by publishing them, the others by a copy of what stands in Redis then. */
async function fill(port: number, redis: Redis, { clients, missed }: Size): Promise<void> {
  const connection = await KeepAlive.open(port);
  const first = userAt(0);
  for (let count = 0; count < missed; count++)
    await connection.send(publishRequest(batchBody([first]), { batch: true }));
  connection.close();
  for (let start = 1; start < clients; start += COPIES_AT_A_TIME) {
    const pipeline = redis.pipeline();
    for (let index = start; index < Math.min(clients, start + COPIES_AT_A_TIME); index++) {
      pipeline.copy(keys.stream(first), keys.stream(userAt(index)));
      pipeline.copy(keys.meta(first), keys.meta(userAt(index)));
    }
    await pipeline.exec();
  }
}

type Resumed = {
  readonly sockets: readonly Socket[];
  readonly took: readonly number[];
  readonly all: number;
  readonly refusals: number;
};

/** They connect one after another; gives the ms that each took until it was caught up, and all of them together. */
async function resumeAll(port: number, { clients, missed, overSeconds }: Size): Promise<Resumed> {
  const targets = await Promise.all(
    Array.from({ length: clients }, (_, index) => clientTarget(userAt(index), 0)),
  );
  const sockets: Socket[] = [];
  let refusals = 0;
  // As a client does: the server answers 503 rather than let it wait for longer.
  const open = async (client: ClientOptions): Promise<void> => {
    try {
      sockets.push(await openClient(client));
    } catch {
      refusals++;
      await pause(COME_AGAIN_MS);
      await open(client);
    }
  };
  const resume = async (target: string, afterMs: number): Promise<number> => {
    await pause(afterMs);
    const start = performance.now();
    await new Promise<void>((resolve) => {
      let left = missed + FRAMES_AROUND;
      const heard = (frames: number): void => {
        left -= frames;
        if (left <= 0) resolve();
      };
      void open({ port, target, heard });
    });
    return performance.now() - start;
  };
  const start = performance.now();
  const took = await Promise.all(
    targets.map((target, index) => resume(target, (index / clients) * overSeconds * 1_000)),
  );
  const all = performance.now() - start;
  return { sockets, took: took.sort((one, other) => one - other), all, refusals };
}

/** How often each command was called, those within scripts included. */
async function callsOf(redis: Redis): Promise<Map<string, number>> {
  const stats = await redis.info('commandstats');
  const lines = stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g);
  return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]));
}

/** What an instance itself sends for a connection; the rest is called by its scripts, or goes on all the time. */
const SENT = ['evalsha', 'subscribe'];

type Cost = { readonly server: number; readonly redis: number; readonly calls: Map<string, number> };

function report(
  { clients, missed, overSeconds }: Size,
  { took, all, refusals }: Resumed,
  [before, after]: Cost[],
): void {
  if (before === undefined || after === undefined) return;
  const at = (share: number): string => `${Math.round(took[Math.ceil(share * took.length) - 1] ?? 0)} ms`;
  const each = (of: 'server' | 'redis'): string => (((after[of] - before[of]) * 1_000) / clients).toFixed(2);
  const sent = SENT.reduce(
    (sum, name) => sum + (after.calls.get(name) ?? 0) - (before.calls.get(name) ?? 0),
    0,
  );
  console.log(`${clients} clients came back within ${overSeconds} s, with ${missed} missed events each`);
  console.log(`each until caught up: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`);
  console.log(`all of them: ${(all / 1_000).toFixed(1)} s; ${refusals} were told to come again`);
  console.log(`CPU for each: ${each('server')} ms of the server, ${each('redis')} ms of Redis`);
  console.log(`Redis calls for each: ${(sent / clients).toFixed(1)} (${SENT.join(', ')})`);
}

async function bench(size: Size, cpuProfileDir: string | undefined): Promise<void> {
  const redis = await startRedis();
  const operator = new Redis(redis.url);
  const env = { ...SERVER_ENV, REDIS_URL: redis.url };
  const server = await startContestant({ server: 'agentcast', env, cpuProfileDir });
  const cost = async (): Promise<Cost> => ({
    server: await server.cpuSeconds(),
    redis: await cpuSecondsOf(operator),
    calls: await callsOf(operator),
  });
  try {
    await fill(server.port, operator, size);
    const before = await cost();
    console.error('the clients come back');
    const resumed = await resumeAll(server.port, size);
    await pause(SETTLE_MS);
    const after = await cost();
    for (const socket of resumed.sockets) socket.destroy();
    report(size, resumed, [before, after]);
  } finally {
    operator.disconnect();
    await server.stop();
    await redis.stop();
  }
}

await runCommand({
  help: HELP,
  options: {
    clients: { type: 'string', default: '10000' },
    missed: { type: 'string', default: '100' },
    over: { type: 'string', default: '8' },
    'cpu-prof': { type: 'string' },
  },
  run: ({ clients, missed, over, 'cpu-prof': cpuProfileDir }) =>
    bench(
      {
        clients: wholeNumber('--clients', clients, 1),
        missed: wholeNumber('--missed', missed, 1),
        overSeconds: wholeNumber('--over', over, 0),
      },
      cpuProfileDir,
    ),
});
