import { freePort } from '../tests/support/free-port.ts';
import type { Exit } from '../tests/support/owned-process.ts';
import { type RedisServer, startRedis } from '../tests/support/redis-server.ts';
import { type Runtime, type ServerProcess, startServer } from '../tests/support/server-process.ts';

export type StageOptions = {
  readonly instances: number;
  readonly runtime: Runtime;
  readonly env: Readonly<Record<string, string>>;
};

/** A Redis and instances on it, each a process of its own. */
export class Stage {
  readonly #redis: RedisServer;
  readonly #options: StageOptions;
  readonly #ports: readonly number[];
  readonly #servers: ServerProcess[] = [];

  private constructor(options: StageOptions, redis: RedisServer, ports: readonly number[]) {
    this.#options = options;
    this.#redis = redis;
    this.#ports = ports;
  }

  /** Starts all of it; throws where a part does not come up, and leaves nothing running then. */
  static async start(options: StageOptions): Promise<Stage> {
    const ports = await Promise.all(Array.from({ length: options.instances }, freePort));
    const stage = new Stage(options, await startRedis(), ports);
    try {
      await Promise.all(ports.map((_, at) => stage.#start(at)));
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** `http://127.0.0.1:<port>` of each instance, whether or not it runs just now. */
  get urls(): string[] {
    return this.#ports.map((port) => `http://127.0.0.1:${port}`);
  }

  get servers(): readonly ServerProcess[] {
    return this.#servers;
  }

  /** Has an instance drain, as a deploy does, and starts it again in the same place; gives how it ended. */
  async replace(at: number): Promise<Exit> {
    const server = this.#servers[at];
    if (server === undefined) throw new Error(`got instance ${at}, wanted one of ${this.#servers.length}`);
    server.signal('SIGTERM');
    const exit = await server.exited;
    await this.#start(at);
    return exit;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#redis.stop();
  }

  async #start(at: number): Promise<void> {
    const { runtime, env } = this.#options;
    const own = { PORT: String(this.#ports[at]), INSTANCE_ID: `load-${at}` };
    this.#servers[at] = await startServer({ runtime, redisUrl: this.#redis.url, env: { ...env, ...own } });
  }
}
