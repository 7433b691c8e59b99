import type { Redis } from 'ioredis';
import type { EngineOptions } from '../../core/limits.ts';
import { CONNECTION_RETRY_MS, UPGRADE_SPAN_MS } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Admission,
  AdmissionRequest,
  ConnectionEntry,
  InstanceEntry,
  Registry,
} from '../../core/ports/engine.ts';
import { CONNECTION_LEASE_MS } from '../../core/ports/engine.ts';
import type { Filters } from '../../protocol/filters.ts';
import { answered } from './client.ts';
import { keys } from './keys.ts';
import { runScript, scripts } from './scripts.ts';

export class RedisRegistry implements Registry {
  readonly #redis: Redis;
  readonly #options: EngineOptions;
  readonly #clock: Clock;

  constructor(redis: Redis, options: EngineOptions & { clock: Clock }) {
    this.#redis = redis;
    this.#options = options;
    this.#clock = options.clock;
  }

  async admit({ connectionId, userId, address, reserve }: AdmissionRequest): Promise<Admission> {
    const { connectRatePerAddress, maxConnectionsPerUser } = this.#options;
    const take = (key: string, most: number, holdMs: number) =>
      answered(
        runScript(this.#redis, scripts.takePlace, {
          keys: [key],
          args: [connectionId, most, holdMs, reserve ? 1 : 0],
        }),
      );
    if (connectRatePerAddress > 0) {
      const wait = Number(await take(keys.upgrades(address), connectRatePerAddress, UPGRADE_SPAN_MS));
      if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    }
    const wait = await take(keys.connectionsOfUser(userId), maxConnectionsPerUser, CONNECTION_LEASE_MS);
    if (wait === 0) return { kind: 'admitted' };
    // Refused, so nothing of it stays (G12). The two sets can stand in different cluster slots.
    if (connectRatePerAddress > 0 && reserve)
      await answered(this.#redis.zrem(keys.upgrades(address), connectionId));
    return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
  }

  async refresh(entries: readonly ConnectionEntry[]): Promise<void> {
    const expiresAt = this.#clock.now() + CONNECTION_LEASE_MS;
    const writes = entries.flatMap((entry) => {
      const key = keys.connection(entry.connectionId);
      const places = keys.connectionsOfUser(entry.userId);
      return [
        this.#redis.hset(key, fieldsOf(entry, this.#options.instanceId)),
        this.#redis.pexpire(key, CONNECTION_LEASE_MS),
        this.#redis.zadd(places, expiresAt, entry.connectionId),
        this.#redis.pexpire(places, CONNECTION_LEASE_MS),
      ];
    });
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
    const ids = await answered(this.#redis.zrange(keys.connectionsOfUser(userId), '0', '-1'));
    const found = await answered(Promise.all(ids.map((id) => this.#redis.hgetall(keys.connection(id)))));
    return found.filter((fields) => fields.connection_id !== undefined).map(connectionOf);
  }

  async announce(instance: InstanceEntry): Promise<void> {
    const key = keys.instance(instance.instanceId);
    const fields = {
      instance_id: instance.instanceId,
      hostname: instance.hostname,
      port: instance.port,
      started_at: instance.startedAt,
      last_heartbeat: instance.lastHeartbeat,
      connection_count: instance.connectionCount,
      status: instance.status,
    };
    const expiresAt = this.#clock.now() + CONNECTION_LEASE_MS;
    await answered(
      Promise.all([
        this.#redis.hset(key, fields),
        this.#redis.pexpire(key, CONNECTION_LEASE_MS),
        this.#redis.zadd(keys.instances, expiresAt, instance.instanceId),
      ]),
    );
  }

  async withdraw(instanceId: string): Promise<void> {
    const gone = [this.#redis.del(keys.instance(instanceId)), this.#redis.zrem(keys.instances, instanceId)];
    await answered(Promise.all(gone));
  }

  async instances(): Promise<InstanceEntry[]> {
    await answered(this.#redis.zremrangebyscore(keys.instances, '-inf', this.#clock.now()));
    const ids = await answered(this.#redis.zrange(keys.instances, '0', '-1'));
    const found = await answered(Promise.all(ids.map((id) => this.#redis.hgetall(keys.instance(id)))));
    return found.filter((fields) => fields.instance_id !== undefined).map(instanceOf);
  }
}

type Fields = Record<string, string>;

const fieldsOf = (entry: ConnectionEntry, instanceId: string) => ({
  connection_id: entry.connectionId,
  user_id: entry.userId,
  instance_id: instanceId,
  connected_at: entry.connectedAt,
  last_heartbeat: entry.lastHeartbeat,
  filters: JSON.stringify(entry.filters),
  last_sequence_id: entry.lastSequenceId,
  is_draining: entry.isDraining ? 1 : 0,
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
