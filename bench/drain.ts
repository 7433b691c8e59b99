import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { wholeNumber } from '../src/cli/whole-number.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { runCommand } from './command-line.ts';
import { type Contestant, startContestant } from './contestant.ts';
import { openClient } from './load/clients.ts';
import { clientTarget, SERVER_ENV } from './load/requests.ts';

const HELP = `npm run bench:drain [-- --clients 10000]

An instance on Redis drains: each of its clients leaves when it was told to. How long the event loop of the server stood
still at most in each second of it.
`;

const CONNECT_AT_A_TIME = 100;
const SECOND_MS = 1_000;
/** A masked close frame without a code. */
const CLOSE_FRAME = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);
const HINT = /"reconnect_after_ms":(\d+)/;

async function openPolite(port: number, user: number): Promise<void> {
  const target = await clientTarget(`user-${user}`);
  const socket: Socket = await openClient({ port, target, heard: () => {} });
  socket.on('data', (bytes) => {
    const hint = HINT.exec(bytes.toString('latin1'))?.[1];
    if (hint === undefined) return;
    setTimeout(() => socket.end(CLOSE_FRAME), Number(hint));
  });
}

/** Asks once a second, until the process ends. */
async function stallsOf(contestant: Contestant): Promise<number[]> {
  const stalls: number[] = [];
  const ended = once(contestant.process, 'exit');
  await contestant.used();
  contestant.process.kill('SIGTERM');
  while (contestant.process.exitCode === null && contestant.process.connected) {
    const second = pause(SECOND_MS);
    await Promise.race([second, ended]);
    const used = await Promise.race([contestant.used().catch(() => null), ended.then(() => null)]);
    if (used !== null) stalls.push(used.longestStallMs);
  }
  return stalls;
}

async function bench(clients: number): Promise<void> {
  const redis = await startRedis();
  const contestant = await startContestant({
    server: 'agentcast',
    env: { ...SERVER_ENV, REDIS_URL: redis.url },
  });
  try {
    for (let first = 0; first < clients; first += CONNECT_AT_A_TIME) {
      const some = Math.min(CONNECT_AT_A_TIME, clients - first);
      await Promise.all(
        Array.from({ length: some }, (_, index) => openPolite(contestant.port, first + index)),
      );
    }
    console.error('the server drains');
    const start = performance.now();
    const stalls = await stallsOf(contestant);
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    console.log(`${clients} clients left within ${seconds} s`);
    console.log(
      `the event loop stood still, at most, in each second: ${stalls.map(Math.round).join(', ')} ms`,
    );
  } finally {
    await contestant.stop();
    await redis.stop();
  }
}

await runCommand({
  help: HELP,
  options: { clients: { type: 'string', default: '10000' } },
  run: ({ clients }) => bench(wholeNumber('--clients', clients, 1)),
});
