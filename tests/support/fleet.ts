import { onTestFinished } from 'vitest';
import { eventually } from './fault-stage.ts';
import { freePort } from './free-port.ts';
import { type LoadBalancer, startHaproxy } from './haproxy.ts';
import type { Exit } from './owned-process.ts';
import { type Runtime, type ServerProcess, startServer } from './server-process.ts';

export type FleetOptions = {
  readonly redisUrl: string;
  /** Of the three instances. */
  readonly runtimes: readonly Runtime[];
  readonly env: Record<string, string>;
};

type Member = { readonly runtime: Runtime; readonly port: number; server: ServerProcess };

/** Three instances on one Redis, behind HAProxy. They end with the test. */
export class Fleet {
  readonly balancer: LoadBalancer;
  readonly #members: readonly Member[];
  readonly #options: FleetOptions;
  readonly #logs: Record<string, unknown>[] = [];

  private constructor(options: FleetOptions, members: readonly Member[], balancer: LoadBalancer) {
    this.#options = options;
    this.#members = members;
    this.balancer = balancer;
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const members = await Promise.all(
      options.runtimes.map(async (runtime, at) => {
        const port = await freePort();
        return { runtime, port, server: await startMember(options, { runtime, port, at }) };
      }),
    );
    const balancer = await startHaproxy(members.map(({ port }) => `127.0.0.1:${port}`));
    return new Fleet(options, members, balancer);
  }

  /** Every log line of every instance so far, of those too that have ended. */
  logs(): Record<string, unknown>[] {
    return [...this.#logs, ...this.#members.flatMap(({ server }) => server.logs())];
  }

  /** Has an instance drain, as a deploy does; gives how it ended. */
  async drain(at: number): Promise<Exit> {
    const { server } = this.#member(at);
    server.signal('SIGTERM');
    const exit = await server.exited;
    this.#logs.push(...server.logs());
    return exit;
  }

  /** Starts an instance again that has ended, on its port and under its name, and waits until it is ready. */
  async startAgain(at: number): Promise<void> {
    const member = this.#member(at);
    member.server = await startMember(this.#options, { ...member, at });
  }

  #member(at: number): Member {
    const member = this.#members[at];
    if (member === undefined) throw new Error(`got instance ${at}, wanted one of ${this.#members.length}`);
    return member;
  }
}

/** What an instance is called in what clients hear. */
export const nameOf = (at: number): string => `i-${at}`;

/** Starts an instance, and waits until it is ready. */
async function startMember(
  { redisUrl, env }: FleetOptions,
  { runtime, port, at }: { runtime: Runtime; port: number; at: number },
): Promise<ServerProcess> {
  const own = { PORT: String(port), INSTANCE_ID: nameOf(at), TRUSTED_PROXIES: '127.0.0.1' };
  const server = await startServer({ runtime, redisUrl, env: { ...env, ...own } });
  onTestFinished(() => server.stop());
  const isReady = async () => (await fetch(`${server.url}/readyz`)).status === 200;
  await eventually(`instance ${at} is ready`, isReady);
  return server;
}
