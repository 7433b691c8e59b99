import type { RedisOptions } from 'ioredis';
import { Cluster, Redis } from 'ioredis';
import type { Log } from '../../core/ports/log.ts';
import { reasonOf } from './answered.ts';

/**
 * A command waits for the batch before it, and then in its own: twice this at most, and with it a publish is
 * answered within 2 s (contract §5).
 */
const COMMAND_TIMEOUT_MS = 800;
const CONNECT_TIMEOUT_MS = 1_500;
/** How long a link that we give up may take to say goodbye. */
const DISCONNECT_TIMEOUT_MS = 200;
const RECONNECT_MS = 200;
const SLOTS_REFRESH_MS = 1_000;
/** A link that owes answers and is silent for longer is dead. The probe asks every second. */
const LINK_TIMEOUT_MS = 4_000;

/** Links fail fast instead of waiting for Redis to come back. */
const shared: RedisOptions = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  socketTimeout: LINK_TIMEOUT_MS,
  commandTimeout: COMMAND_TIMEOUT_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(RECONNECT_MS * attempt, 1_000) * (0.5 + Math.random() / 2),
  // A promoted replica, or a primary that became one: connect again, to learn where the primary is now.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

/** What commands are sent to: one Redis, or the masters of a cluster. */
export type CommandClient = Redis | Cluster;

/** The link for commands. */
export const createCommandLink = (url: string, log: Log): Redis =>
  logged(new Redis(url, { ...shared, enableAutoPipelining: true }), { link: 'commands', log });

/**
 * The link for hand-overs. Resubscribing is ours: the client's own is reported ready before it is acknowledged, and
 * ends the process when it fails.
 */
export const createSubscriberLink = (url: string, log: Log): Redis =>
  logged(new Redis(url, { ...shared, autoResubscribe: false }), { link: 'subscriber', log });

/** The links for commands to the masters of a cluster, of which the URLs name some nodes. */
export function createCommandCluster(urls: readonly string[], log: Log): Cluster {
  const nodes = urls.map((url) => new URL(url));
  const { maxRetriesPerRequest, enableOfflineQueue, retryStrategy, ...node } = shared;
  const cluster = new Cluster(
    nodes.map(({ hostname, port }) => ({ host: hostname, port: Number(port || 6379) })),
    {
      redisOptions: { ...node, ...nodes.map(credentialsOf)[0], maxRetriesPerRequest },
      // Names stay names until a link is made: a certificate is for a name, and a name may get another address.
      dnsLookup: (name, found) => found(null, name),
      enableOfflineQueue,
      enableAutoPipelining: true,
      clusterRetryStrategy: retryStrategy,
      // Without it a frozen master is never noticed.
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
      // A command follows its slot to another node. Where its own is away it is refused: asked of any other node, it only
      // comes back to the one that is away, and those behind it in its batch, of users elsewhere too, would wait for it.
      maxRedirections: 3,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
    },
  );
  return logged(cluster, { link: 'commands', log });
}

/** The link for hand-overs from one master of a cluster, named `host:port`. */
export function createShardLink(master: string, { cluster, log }: { cluster: Cluster; log: Log }): Redis {
  const end = master.lastIndexOf(':');
  const address = { host: master.slice(0, end), port: Number(master.slice(end + 1)) };
  const options = { ...cluster.options.redisOptions, ...shared, ...address, autoResubscribe: false };
  return logged(new Redis(options), { link: `subscriber of ${master}`, log });
}

/** All nodes of a cluster take what its first URL says. */
const credentialsOf = ({ username, password, protocol }: URL) => ({
  ...(username === '' ? {} : { username: decodeURIComponent(username) }),
  ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  ...(protocol === 'rediss:' ? { tls: {} } : {}),
});

function logged<Client extends CommandClient>(
  client: Client,
  { link, log }: { link: string; log: Log },
): Client {
  client.on('error', (error: Error) => log.warn('Redis link failed', { link, error: reasonOf(error) }));
  return client;
}

/** Ends a link for good; resolves once its socket, or that of each of its nodes, is closed. */
export async function closeLink(redis: CommandClient): Promise<void> {
  // What a cluster says of itself while it connects is no sign: it may never say that it has ended.
  const links = redis instanceof Cluster ? redis.nodes() : [redis];
  const closed = links.map(ended);
  redis.disconnect();
  await Promise.all(closed);
}

function ended(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    // Between two attempts to connect there is no socket to close, and no event will say that it is over.
    if (redis.status === 'end' || redis.status === 'reconnecting') resolve();
    else redis.once('end', () => resolve());
  });
}
