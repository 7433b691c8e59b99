import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis } from '../../tests/support/redis-server.ts';
import { type Contestant, startContestant } from '../contestant.ts';
import { KeepAlive } from '../load/keep-alive.ts';
import { batchBody, publishRequest } from '../load/requests.ts';
import { cpuSecondsOf } from '../redis-cpu.ts';
import { type Account, accountOf } from './account.ts';
import { ReturningClient } from './returning-client.ts';
import type { Side } from './sides.ts';

const IN_AT_A_TIME = 50;
const SETTLE_MS = 500;
const CAUGHT_UP_WITHIN_MS = 60_000;

export type RecoveryOptions = {
  readonly clients: number;
  readonly missed: number;
  /** Whether each is of a user of its own; else all are of one, and miss the same events. */
  readonly own: boolean;
};

export type Recovery = {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly serverCpuMsOfEach: number;
  readonly redisCpuMsOfEach: number;
};

/** Connects all of them, some at a time. */
export async function enterAll(clients: readonly ReturningClient[], port: number): Promise<void> {
  for (let first = 0; first < clients.length; first += IN_AT_A_TIME)
    await Promise.all(clients.slice(first, first + IN_AT_A_TIME).map((client) => client.enter(port)));
}

export type Publication = {
  readonly users: readonly string[];
  readonly tasks: readonly number[];
  readonly everyMs?: number;
};

/** Publishes one event of each task to each of the users, task after task. */
export async function publishTasks(port: number, { users, tasks, everyMs }: Publication): Promise<void> {
  const worker = await KeepAlive.open(port);
  for (const task of tasks) {
    await worker.send(publishRequest(batchBody(users, task), { batch: true }));
    if (everyMs !== undefined) await pause(everyMs);
  }
  worker.close();
}

/** The tasks from 1 on. */
export const tasksUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** One instance, whose clients lose their links, miss events and come back, as often as one likes. */
export class RecoveryStage {
  readonly #side: Side;
  readonly #contestant: Contestant;
  readonly #redis: Redis;
  readonly #stopRedis: () => Promise<void>;
  #rounds = 0;

  private constructor(side: Side, contestant: Contestant, redis: { url: string; stop(): Promise<void> }) {
    this.#side = side;
    this.#contestant = contestant;
    this.#redis = new Redis(redis.url);
    this.#stopRedis = () => redis.stop();
  }

  static async start(side: Side): Promise<RecoveryStage> {
    const redis = await startRedis();
    return new RecoveryStage(side, await startContestant(side.instance(redis.url)), redis);
  }

  /** @throws where anything was lost or came twice: then there is no time to speak of */
  async round({ clients: count, missed, own }: RecoveryOptions): Promise<Recovery> {
    const [round, { port }] = [this.#rounds++, this.#contestant];
    const userAt = (index: number): string => `user-${round}-${own ? index : 'of-all'}`;
    const clients = Array.from(
      { length: count },
      (_, index) => new ReturningClient(userAt(index), this.#side.dialect),
    );
    const users = [...new Set(clients.map(({ userId }) => userId))];
    await enterAll(clients, port);
    // A place to come back to: Socket.IO has none for who never heard anything.
    await publishTasks(port, { users, tasks: [0] });
    await Promise.all(clients.map((client) => client.until(1, performance.now() + CAUGHT_UP_WITHIN_MS)));
    await Promise.all(clients.map((client) => client.lose()));
    await pause(SETTLE_MS);
    await publishTasks(port, { users, tasks: tasksUpTo(missed) });
    await pause(SETTLE_MS);
    const before = await this.#cpu();
    const took = await this.#comeBack(clients, missed + 1);
    const after = await this.#cpu();
    this.#check(accountOf(clients, missed + 1), count);
    await Promise.all(clients.map((client) => client.lose()));
    const at = (share: number): number => took[Math.ceil(share * took.length) - 1] ?? 0;
    const each = (of: 'server' | 'redis'): number => ((after[of] - before[of]) * 1_000) / count;
    return {
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      serverCpuMsOfEach: each('server'),
      redisCpuMsOfEach: each('redis'),
    };
  }

  async stop(): Promise<void> {
    this.#redis.disconnect();
    await this.#contestant.stop();
    await this.#stopRedis();
  }

  /** All at once; gives the ms that each took from its attempt to connect until it had everything, in rising order. */
  async #comeBack(clients: readonly ReturningClient[], tasks: number): Promise<number[]> {
    const start = performance.now();
    const took = await Promise.all(
      clients.map(async (client) => {
        const caughtUp = client.until(tasks, start + CAUGHT_UP_WITHIN_MS);
        await client.enter(this.#contestant.port);
        await caughtUp;
        return performance.now() - start;
      }),
    );
    // What comes twice may come late.
    await pause(SETTLE_MS);
    return took.sort((one, other) => one - other);
  }

  async #cpu(): Promise<{ server: number; redis: number }> {
    return { server: await this.#contestant.cpuSeconds(), redis: await cpuSecondsOf(this.#redis) };
  }

  #check({ lost, doubled, resumed }: Account, clients: number): void {
    if (lost + doubled === 0 && resumed === clients) return;
    throw new Error(
      `${this.#side.name}: ${lost} events lost, ${doubled} came twice, ${resumed} of ${clients} were resumed`,
    );
  }
}
