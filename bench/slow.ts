import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { wholeNumber } from '../src/cli/whole-number.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { runCommand } from './command-line.ts';
import type { Contestant } from './contestant.ts';
import { startContestant } from './contestant.ts';
import { Clients, openClient } from './load/clients.ts';
import { KeepAlive } from './load/keep-alive.ts';
import { clientTarget, filledBody, publishRequest, SERVER_ENV } from './load/requests.ts';

const HELP = `npm run bench:slow [-- --readers 20] [--slices 10]

What clients that read nothing, or 1 KB a second, cost their neighbours: two servers work in turn, one of them has such
readers. Every event goes to all clients; 500 events of 4 KB a second.
`;

const QUICK = 50;
const EVENTS_A_TURN = 10;
const TURN_MS = 20;
const TURNS_A_SLICE = 100;
const FILL = 4_000;
const SLOW_BYTES_A_SECOND = 1_000;

/** One server with its clients, and how long they waited for each batch. */
class Side {
  readonly latencies: number[] = [];
  readonly contestant: Contestant;
  readonly #quick = new Clients();
  readonly #worker: KeepAlive;

  private constructor(contestant: Contestant, worker: KeepAlive) {
    this.contestant = contestant;
    this.#worker = worker;
  }

  static async start(redisUrl: string): Promise<Side> {
    const contestant = await startContestant({
      server: 'agentcast',
      env: { ...SERVER_ENV, REDIS_URL: redisUrl },
    });
    const side = new Side(contestant, await KeepAlive.open(contestant.port));
    await side.#quick.connect(QUICK, { port: contestant.port, entry: { target: await clientTarget() } });
    return side;
  }

  /** Clients that read nothing at all, and as many that read a little. */
  async addSlow(count: number): Promise<void> {
    const target = await clientTarget();
    for (let index = 0; index < count; index++) {
      const socket: Socket = await openClient({ port: this.contestant.port, target, heard: () => {} });
      socket.pause();
      if (index % 2 === 0) setInterval(() => socket.read(SLOW_BYTES_A_SECOND / 10), 100).unref();
    }
  }

  async slice(): Promise<void> {
    for (let turn = 0; turn < TURNS_A_SLICE; turn++) {
      const start = performance.now();
      const wanted = this.#quick.received + QUICK * EVENTS_A_TURN;
      const arrived = new Promise<void>((resolve) => {
        this.#quick.heard = () => {
          if (this.#quick.received >= wanted) resolve();
        };
      });
      await this.#worker.send(publishRequest(filledBody(EVENTS_A_TURN, FILL), { batch: true }));
      await arrived;
      this.latencies.push(performance.now() - start);
      await pause(Math.max(0, TURN_MS - (performance.now() - start)));
    }
  }
}

const at = (times: readonly number[], share: number): string =>
  [...times].sort((one, other) => one - other)[Math.ceil(share * times.length) - 1]?.toFixed(1) ?? '';

async function bench(readers: number, slices: number): Promise<void> {
  const [one, other] = [await startRedis(), await startRedis()];
  const [without, beside] = [await Side.start(one.url), await Side.start(other.url)];
  try {
    await beside.addSlow(readers);
    // Until the buffers of the kernel are full.
    for (let slice = 0; slice < 3; slice++) await Promise.all([without.slice(), beside.slice()]);
    for (const side of [without, beside]) side.latencies.length = 0;
    const before = (await beside.contestant.used()).residentBytes;
    for (let slice = 0; slice < slices; slice++) {
      await without.slice();
      await beside.slice();
      console.error(`slice ${slice + 1} of ${slices}`);
    }
    const grown = ((await beside.contestant.used()).residentBytes - before) / 1024 / 1024;
    for (const [name, { latencies }] of [
      ['without', without],
      [`with ${readers} slow readers`, beside],
    ] as const)
      console.log(`${name}: p50 ${at(latencies, 0.5)} ms, p99 ${at(latencies, 0.99)} ms`);
    console.log(
      `resident memory with slow readers: ${(before / 1024 / 1024).toFixed(0)} MB, grew by ${grown.toFixed(0)} MB`,
    );
  } finally {
    for (const side of [without, beside]) await side.contestant.stop();
    await Promise.all([one.stop(), other.stop()]);
  }
}

await runCommand({
  help: HELP,
  options: { readers: { type: 'string', default: '20' }, slices: { type: 'string', default: '10' } },
  run: async ({ readers, slices }) => {
    await bench(wholeNumber('--readers', readers, 1), wholeNumber('--slices', slices, 1));
    process.exit();
  },
});
