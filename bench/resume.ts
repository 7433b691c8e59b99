import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { startRedis } from '../tests/support/redis-server.ts';
import { startContestant } from './contestant.ts';
import { openClient } from './load/clients.ts';
import { KeepAlive } from './load/keep-alive.ts';
import { batchBody, clientTarget, publishRequest, SERVER_ENV } from './load/requests.ts';

const HELP = `npm run bench:resume [-- --clients 5000] [--missed 100]

All clients of one instance on Redis come back at once, each of a user of its own with events that it missed.
`;

const BATCH = 500;
/** CONNECTED, REPLAY_START and REPLAY_END, around what was missed. */
const FRAMES_AROUND = 3;
const SETTLE_MS = 500;

type Size = { readonly clients: number; readonly missed: number };

/** Gives every user as many events. */
async function publishAll(port: number, { clients, missed }: Size): Promise<void> {
  const connection = await KeepAlive.open(port);
  const users = Array.from({ length: clients }, (_, index) => `user-${index}`);
  for (let round = 0; round < missed; round++) {
    for (let start = 0; start < clients; start += BATCH) {
      await connection.send(publishRequest(batchBody(users.slice(start, start + BATCH)), { batch: true }));
    }
  }
  connection.close();
}

type Resumed = { readonly sockets: readonly Socket[]; readonly took: readonly number[] };

/** All of them connect at once; gives the ms that each took until it was caught up. */
async function resumeAll(port: number, { clients, missed }: Size): Promise<Resumed> {
  const targets = await Promise.all(
    Array.from({ length: clients }, (_, index) => clientTarget(`user-${index}`, 0)),
  );
  const sockets: Socket[] = [];
  const resume = async (target: string): Promise<number> => {
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      let left = missed + FRAMES_AROUND;
      const heard = (frames: number): void => {
        left -= frames;
        if (left <= 0) resolve();
      };
      openClient({ port, target, heard }).then((socket) => sockets.push(socket), reject);
    });
    return performance.now() - start;
  };
  const took = await Promise.all(targets.map(resume));
  return { sockets, took: took.sort((one, other) => one - other) };
}

/** How often each command was called, those within scripts included. */
async function callsOf(redis: Redis): Promise<Map<string, number>> {
  const stats = await redis.info('commandstats');
  const lines = stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g);
  return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]));
}

/** What an instance itself sends for a connection; the rest is called by its scripts, or goes on all the time. */
const SENT = ['evalsha', 'subscribe'];

function report({ clients, missed }: Size, took: readonly number[], sent: number): void {
  const at = (share: number): string => `${Math.round(took[Math.ceil(share * took.length) - 1] ?? 0)} ms`;
  console.log(`${clients} clients came back at once, with ${missed} missed events each`);
  console.log(`until caught up: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, all ${at(1)}`);
  console.log(`Redis calls for each: ${(sent / clients).toFixed(1)} (${SENT.join(', ')})`);
}

async function bench(size: Size): Promise<void> {
  const redis = await startRedis();
  const operator = new Redis(redis.url);
  const server = await startContestant({ server: 'agentcast', env: { ...SERVER_ENV, REDIS_URL: redis.url } });
  try {
    console.error('publishing what the clients miss');
    await publishAll(server.port, size);
    const before = await callsOf(operator);
    console.error('all clients come back');
    const { sockets, took } = await resumeAll(server.port, size);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const after = await callsOf(operator);
    for (const socket of sockets) socket.destroy();
    const sent = SENT.reduce((sum, name) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0);
    report(size, took, sent);
  } finally {
    operator.disconnect();
    await server.stop();
    await redis.stop();
  }
}

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '5000' },
    missed: { type: 'string', default: '100' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await bench({ clients: Number(values.clients), missed: Number(values.missed) });
