import type { EngineOptions } from '../../core/limits.ts';
import { CONNECTION_RETRY_MS, UPGRADE_SPAN_MS } from '../../core/limits.ts';
import type {
  Admission,
  AdmissionRequest,
  ConnectionEntry,
  InstanceEntry,
  Registry,
} from '../../core/ports/engine.ts';
import { CONNECTION_LEASE_MS } from '../../core/ports/engine.ts';
import type { Filters } from '../../protocol/filters.ts';
import type { CommandClient } from './client.ts';
import { answered } from './client.ts';
import { keys } from './keys.ts';
import { runScript, scripts } from './scripts.ts';

/** A place in a set of at most `most`; 0 for any number. */
type Place = {
  readonly key: string;
  readonly most: number;
  readonly holdMs: number;
  readonly reserve: boolean;
};

/**
 * Connections and instances as hashes that expire by themselves, and sorted sets that find them. All times are of
 * Redis's own clock: those of the instances need not agree.
 */
export class RedisRegistry implements Registry {
  readonly #redis: CommandClient;
  readonly #options: EngineOptions;

  constructor(redis: CommandClient, options: EngineOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  // The two sets can stand in different cluster slots, so no one step can take both places. The address is asked
  // first and taken last: who is refused then holds nothing meanwhile that another could be refused for (G12).
  async admit({ connectionId, userId, address, reserve }: AdmissionRequest): Promise<Admission> {
    const { connectRatePerAddress: rate, maxConnectionsPerUser } = this.#options;
    const upgrade = { key: keys.upgrades(address), most: rate, holdMs: UPGRADE_SPAN_MS };
    const connection = { key: keys.connectionsOfUser(userId), most: maxConnectionsPerUser };
    const place = { ...connection, holdMs: CONNECTION_LEASE_MS, reserve };
    const wait = rate > 0 ? await this.#take(connectionId, { ...upgrade, reserve: false }) : 0;
    if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    if ((await this.#take(connectionId, place)) > 0)
      return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
    const late = rate > 0 && reserve ? await this.#take(connectionId, { ...upgrade, reserve }) : 0;
    if (late === 0) return { kind: 'admitted' };
    await answered(this.#redis.zrem(place.key, connectionId));
    return { kind: 'too_many_upgrades', retryAfterMs: late };
  }

  async giveBack({ connectionId, userId, address }: Omit<AdmissionRequest, 'reserve'>): Promise<void> {
    const places = [keys.upgrades(address), keys.connectionsOfUser(userId)];
    await answered(Promise.all(places.map((key) => this.#redis.zrem(key, connectionId))));
  }

  async refresh(entries: readonly ConnectionEntry[]): Promise<void> {
    const writes = entries.flatMap((entry) => [
      this.#lease(keys.connection(entry.connectionId), fieldsOfConnection(entry, this.#options.instanceId)),
      this.#index(keys.connectionsOfUser(entry.userId), entry.connectionId),
    ]);
    await answered(Promise.all(writes));
  }

  async remove(connections: readonly Pick<ConnectionEntry, 'connectionId' | 'userId'>[]): Promise<void> {
    const writes = connections.flatMap(({ connectionId, userId }) => [
      this.#redis.del(keys.connection(connectionId)),
      this.#redis.zrem(keys.connectionsOfUser(userId), connectionId),
    ]);
    await answered(Promise.all(writes));
  }

  async connectionsOf(userId: string): Promise<(ConnectionEntry & { instanceId: string })[]> {
    const found = await this.#find(keys.connectionsOfUser(userId), keys.connection);
    return found.filter((fields) => fields.connection_id !== undefined).map(connectionOf);
  }

  async announce(instance: InstanceEntry): Promise<void> {
    const { instanceId } = instance;
    const leased = this.#lease(keys.instance(instanceId), fieldsOfInstance(instance));
    await answered(Promise.all([leased, this.#index(keys.instances, instanceId)]));
  }

  async withdraw(instanceId: string): Promise<void> {
    const gone = [this.#redis.del(keys.instance(instanceId)), this.#redis.zrem(keys.instances, instanceId)];
    await answered(Promise.all(gone));
  }

  async instances(): Promise<InstanceEntry[]> {
    const found = await this.#find(keys.instances, keys.instance);
    return found.filter((fields) => fields.instance_id !== undefined).map(instanceOf);
  }

  /** Gives 0, or the time in ms until a place falls free. */
  async #take(member: string, { key, most, holdMs, reserve }: Place): Promise<number> {
    const args = [member, most, holdMs, reserve ? 1 : 0];
    return Number(await answered(runScript(this.#redis, scripts.takePlace, { keys: [key], args })));
  }

  #index(key: string, member: string): Promise<unknown> {
    return this.#take(member, { key, most: 0, holdMs: CONNECTION_LEASE_MS, reserve: true });
  }

  #lease(key: string, fields: Record<string, string | number>): Promise<unknown> {
    const args = [CONNECTION_LEASE_MS, ...Object.entries(fields).flat()];
    return runScript(this.#redis, scripts.lease, { keys: [key], args });
  }

  /** The hashes that an index names; one that has expired is empty. */
  async #find(index: string, keyOf: (member: string) => string): Promise<Fields[]> {
    const members = await answered(this.#redis.zrange(index, '0', '-1'));
    return answered(Promise.all(members.map((member) => this.#redis.hgetall(keyOf(member)))));
  }
}

type Fields = Record<string, string>;

const fieldsOfConnection = (entry: ConnectionEntry, instanceId: string) => ({
  connection_id: entry.connectionId,
  user_id: entry.userId,
  instance_id: instanceId,
  connected_at: entry.connectedAt,
  last_heartbeat: entry.lastHeartbeat,
  filters: JSON.stringify(entry.filters),
  last_sequence_id: entry.lastSequenceId,
  is_draining: entry.isDraining ? 1 : 0,
});

const fieldsOfInstance = (instance: InstanceEntry) => ({
  instance_id: instance.instanceId,
  hostname: instance.hostname,
  port: instance.port,
  started_at: instance.startedAt,
  last_heartbeat: instance.lastHeartbeat,
  connection_count: instance.connectionCount,
  status: instance.status,
});

const connectionOf = (fields: Fields) => ({
  connectionId: fields.connection_id ?? '',
  userId: fields.user_id ?? '',
  instanceId: fields.instance_id ?? '',
  connectedAt: Number(fields.connected_at),
  lastHeartbeat: Number(fields.last_heartbeat),
  filters: JSON.parse(fields.filters ?? 'null') as Filters,
  lastSequenceId: Number(fields.last_sequence_id),
  isDraining: fields.is_draining === '1',
});

const instanceOf = (fields: Fields): InstanceEntry => ({
  instanceId: fields.instance_id ?? '',
  hostname: fields.hostname ?? '',
  port: Number(fields.port),
  startedAt: Number(fields.started_at),
  lastHeartbeat: Number(fields.last_heartbeat),
  connectionCount: Number(fields.connection_count),
  status: fields.status === 'draining' ? 'draining' : 'active',
});
