import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { ReturningClient } from './fault-client.ts';
import { LossLedger } from './fault-ledger.ts';
import { PersistentPublisher } from './fault-publisher.ts';
import { Relay } from './fault-relay.ts';
import { seededRandom, seedOfRun } from './random.ts';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';
import { type Runtime, type ServerProcess, startServer } from './server-process.ts';
import { tokenFor } from './tokens.ts';

const LOOK_EVERY_MS = 20;

export type StageOptions = {
  readonly redisUrl: string;
  readonly servers: readonly Runtime[];
  readonly env?: Record<string, string>;
};

/** Servers on one Redis, with the ledger of what goes through them. Everything ends with the test, however it ends. */
export class FaultStage {
  readonly ledger = new LossLedger();
  readonly servers: readonly ServerProcess[];
  readonly publisher: PersistentPublisher;
  /** Chance of this run; its seed is printed. */
  readonly random: () => number;
  readonly #clients: ReturningClient[] = [];

  private constructor(servers: readonly ServerProcess[]) {
    const seed = seedOfRun();
    process.stdout.write(`[faults] SEED=${seed} repeats the choices of this run\n`);
    this.random = seededRandom(seed);
    this.servers = servers;
    const urls = servers.map(({ url }) => url);
    this.publisher = new PersistentPublisher({ urls, ledger: this.ledger, random: this.random });
  }

  static async start({ redisUrl, servers, env = {} }: StageOptions): Promise<FaultStage> {
    const noLimits = { WS_RATE_LIMIT_PER_CONNECTION: '0', WS_RATE_LIMIT_GLOBAL: '0' };
    const all = { WS_MAX_CONNECTIONS_PER_USER: '0', ...noLimits, ...env };
    const started = await Promise.all(
      servers.map(async (runtime) => {
        const server = await startServer({ runtime, redisUrl, env: all });
        onTestFinished(() => server.stop());
        return server;
      }),
    );
    const stage = new FaultStage(started);
    onTestFinished(async () => {
      await Promise.all(stage.#clients.map((client) => client.leave()));
    });
    return stage;
  }

  /** A client of a user that is let in and follows the stream. It begins at one server and knows the others. */
  async client(userId: string, at = 0): Promise<ReturningClient> {
    const urls = this.servers.map(({ wsUrl }) => wsUrl);
    const client = new ReturningClient({
      urls: [...urls.slice(at), ...urls.slice(0, at)],
      token: await tokenFor(userId),
      account: this.ledger.open(`client ${this.#clients.length} of ${userId}`, userId),
      random: this.random,
    });
    this.#clients.push(client);
    client.start();
    await eventually(`a client of ${userId} is let in`, () => client.position !== null && client.isOpen);
    return client;
  }

  /** Waits until every client has everything, or was told that it is missing; fails with what is not. */
  async settle(withinMs: number): Promise<void> {
    await eventually('every client has everything', () => this.ledger.isSettled(), {
      withinMs,
      describe: () => this.#firstFaults(),
    });
  }

  /** Whether a server says that it should get traffic. */
  async isReady(at = 0): Promise<boolean> {
    const { status } = await fetch(`${this.servers[at]?.url}/readyz`);
    if (status !== 200 && status !== 503) throw new Error(`readyz got ${status}, wanted 200 or 503`);
    return status === 200;
  }

  async untilReady(withinMs = 20_000): Promise<void> {
    for (const at of this.servers.keys()) {
      await eventually(`server ${at} is ready`, () => this.isReady(at), {
        withinMs,
      });
    }
  }

  #firstFaults(): string {
    const faults = this.ledger.faults();
    return [`${faults.length} faults, of which the first are:`, ...faults.slice(0, 20)].join('\n');
  }
}

/** A Redis that the test may break; it ends with the test. */
export async function startFragileRedis(options?: RedisOptions): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

/** A relay to a Redis that ends with the test. */
export async function startRelay(redis: RedisServer): Promise<Relay> {
  const relay = await Relay.start(redis.port);
  onTestFinished(() => relay.stop());
  return relay;
}

/** A link to a Redis for what only an operator does, closed with the test. */
export function operator(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => 100 });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

/**
 * Looks again and again until a condition holds.
 *
 * @throws once the time is up
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 10_000, describe = () => '' }: { withinMs?: number; describe?: () => string } = {},
): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > withinMs)
      throw new Error(`waited ${withinMs} ms in vain until ${what}\n${describe()}`);
    await pause(LOOK_EVERY_MS);
  }
}
