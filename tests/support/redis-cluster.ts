import { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.ts';
import { startRedis } from './redis-server.ts';

const SLOTS = 16_384;
const FORMED_WITHIN_MS = 20_000;

/** A real Redis Cluster of our own on loopback: masters that share the slots, each with so many replicas. */
export type RedisCluster = {
  /** As REDIS_URL takes it. */
  readonly urls: readonly string[];
  readonly masters: readonly RedisServer[];
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
};

/** Starts it, and waits until every node knows every other and serves all slots. */
export async function startRedisCluster(
  options: { masters?: number; replicated?: boolean } = {},
): Promise<RedisCluster> {
  const count = options.masters ?? 3;
  const servers = await Promise.all(
    Array.from({ length: options.replicated ? 2 * count : count }, startNode),
  );
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())));
  const masters = servers.slice(0, count);
  const replicas = servers.slice(count);
  const clients = servers.map(({ url }) => new Redis(url));
  try {
    await form(clients, servers, count);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { urls: masters.map(({ url }) => url), masters, replicas, stop };
}

const startNode = () =>
  startRedis({
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '1500',
      '--cluster-replica-validity-factor',
      '0',
    ],
  });

async function form(
  clients: readonly Redis[],
  servers: readonly RedisServer[],
  masters: number,
): Promise<void> {
  const [first] = servers;
  for (const [index, client] of clients.entries()) {
    if (index < masters) {
      const start = Math.floor((index * SLOTS) / masters);
      const end = Math.floor(((index + 1) * SLOTS) / masters) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', start, end);
    }
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', first?.port ?? 0);
  }
  await until(async () =>
    (await infos(clients)).every((info) => info.includes(`cluster_known_nodes:${clients.length}`)),
  );
  for (const [index, client] of clients.entries()) {
    const master = clients[index - masters];
    if (master !== undefined)
      await client.call('CLUSTER', 'REPLICATE', String(await master.call('CLUSTER', 'MYID')));
  }
  await until(async () => (await infos(clients)).every((info) => info.includes('cluster_state:ok')));
  const isLinked = async (client: Redis) =>
    (await client.info('replication')).includes('master_link_status:up');
  await until(async () => !(await Promise.all(clients.slice(masters).map(isLinked))).includes(false));
}

const infos = (clients: readonly Redis[]): Promise<string[]> =>
  Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))));

/** Asks again every few ms: there is no event for what the nodes tell each other. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + FORMED_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`the cluster has not formed within ${FORMED_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
