import type { EngineOptions } from '../../core/limits.ts';
import type {
  Admission,
  AdmissionRequest,
  ConnectionEntry,
  InstanceEntry,
  RegisteredConnection,
  Registry,
} from '../../core/ports/engine.ts';
import {
  CLEARING_MS,
  CONNECTION_LEASE_MS,
  DEAD_AFTER_MS,
  INSTANCE_LEASE_MS,
} from '../../core/ports/engine.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import type { Fields } from './entries.ts';
import { connectionOf, fieldsOfConnection, fieldsOfInstance, instanceOf } from './entries.ts';
import { keys } from './keys.ts';
import { RedisPlaces } from './places.ts';
import { runScript, scripts } from './scripts.ts';
import { bySlot } from './slots.ts';

/** Removals that are sent at a time while a dead instance is cleared. */
const CLEARING_BATCH = 250;

type Owned = Pick<ConnectionEntry, 'connectionId' | 'userId'>;

/**
 * Connections and instances as hashes that expire by themselves, and what finds them: the connections of a user, of an
 * instance, and all instances. No key is ever searched for. Times are of Redis's own clock: those of the instances need
 * not agree.
 */
export class RedisRegistry implements Registry {
  readonly #redis: CommandClient;
  readonly #places: RedisPlaces;
  readonly #instanceId: string;

  constructor(redis: CommandClient, options: EngineOptions) {
    this.#redis = redis;
    this.#places = new RedisPlaces(redis, options);
    this.#instanceId = options.instanceId;
  }

  admit(request: AdmissionRequest): Promise<Admission> {
    return this.#places.admit(request);
  }

  giveBack(request: Omit<AdmissionRequest, 'reserve'>): Promise<void> {
    return this.#places.giveBack(request);
  }

  async refresh(entries: readonly ConnectionEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const owned = keys.connectionsOfInstance(this.#instanceId);
    await answered(
      Promise.all([
        this.#lease(
          entries.map((entry) => ({
            key: keys.connection(entry.connectionId),
            fields: fieldsOfConnection(entry, this.#instanceId),
          })),
          CONNECTION_LEASE_MS,
        ),
        this.#hold(entries),
        this.#lease([{ key: owned, fields: usersOf(entries) }], CONNECTION_LEASE_MS),
      ]),
    );
  }

  async remove(connections: readonly Owned[]): Promise<void> {
    await this.#remove(connections, this.#instanceId);
  }

  async connection(connectionId: string): Promise<RegisteredConnection | null> {
    // None of ours has one; with it, this would name the key of a user's or an instance's connections.
    if (connectionId.includes(':')) return null;
    const fields = await answered(this.#redis.hgetall(keys.connection(connectionId)));
    return fields.connection_id === undefined ? null : connectionOf(fields);
  }

  async connectionsOf(userId: string): Promise<RegisteredConnection[]> {
    const ids = await answered(this.#redis.zrange(keys.connectionsOfUser(userId), '0', '-1'));
    const found = await this.#hashes(ids.map(keys.connection));
    return found.filter((fields) => fields.connection_id !== undefined).map(connectionOf);
  }

  async announce(instance: InstanceEntry): Promise<boolean> {
    const { instanceId, startedAt } = instance;
    const hash = { key: keys.instance(instanceId), fields: fieldsOfInstance(instance) };
    const [knownSince] = await answered(
      Promise.all([
        this.#redis.hget(hash.key, 'started_at'),
        this.#lease([hash], INSTANCE_LEASE_MS),
        this.#redis.sadd(keys.instances, instanceId),
        // Longer than the instance itself, so that a survivor finds what it leaves.
        this.#redis.pexpire(keys.instances, CONNECTION_LEASE_MS),
        this.#redis.pexpire(keys.connectionsOfInstance(instanceId), CONNECTION_LEASE_MS),
      ]),
    );
    return knownSince === String(startedAt);
  }

  async withdraw(instanceId: string): Promise<void> {
    const gone = [keys.instance(instanceId), keys.connectionsOfInstance(instanceId), keys.orders(instanceId)];
    const removed = gone.map((key) => this.#redis.del(key));
    await answered(Promise.all([...removed, this.#redis.srem(keys.instances, instanceId)]));
  }

  async instances(): Promise<InstanceEntry[]> {
    const found = await this.#hashes((await this.#instanceIds()).map(keys.instance));
    return found.filter((fields) => fields.instance_id !== undefined).map(instanceOf);
  }

  async dead(): Promise<string[]> {
    const ids = await this.#instanceIds();
    const lives = await answered(Promise.all(ids.map((id) => this.#redis.pttl(keys.instance(id)))));
    const mine = await answered(
      Promise.all(
        ids
          .filter((_, index) => Number(lives[index]) <= INSTANCE_LEASE_MS - DEAD_AFTER_MS)
          .map(async (id) => {
            const taken = await this.#redis.set(keys.clearing(id), this.#instanceId, 'PX', CLEARING_MS, 'NX');
            return taken === null ? [] : [id];
          }),
      ),
    );
    return mine.flat();
  }

  async clear(instanceId: string): Promise<number> {
    const users = await answered(this.#redis.hgetall(keys.connectionsOfInstance(instanceId)));
    const left = Object.entries(users).map(([connectionId, userId]) => ({ connectionId, userId }));
    for (let start = 0; start < left.length; start += CLEARING_BATCH) {
      await this.#remove(left.slice(start, start + CLEARING_BATCH), instanceId);
    }
    await this.withdraw(instanceId);
    return left.length;
  }

  async #remove(connections: readonly Owned[], instanceId: string): Promise<void> {
    if (connections.length === 0) return;
    const ids = connections.map(({ connectionId }) => connectionId);
    const removals = connections.flatMap(({ connectionId, userId }) => [
      this.#redis.del(keys.connection(connectionId)),
      this.#redis.zrem(keys.connectionsOfUser(userId), connectionId),
    ]);
    const disowned = this.#redis.hdel(keys.connectionsOfInstance(instanceId), ...ids);
    await answered(Promise.all([...removals, disowned]));
  }

  /** Writes hashes that stand for a time, a slot at a time. */
  #lease(hashes: readonly Hash[], leaseMs: number): Promise<unknown[]> {
    const calls = bySlot(this.#redis, hashes).map((group) => {
      const words = group.map(({ fields }) => Object.entries(fields).flat());
      const args = [leaseMs, ...words.flatMap((one) => [one.length, ...one])];
      return runScript(this.#redis, scripts.lease, { keys: group.map(({ key }) => key), args });
    });
    return Promise.all(calls);
  }

  /** Keeps the places of connections among those of their users. */
  #hold(entries: readonly ConnectionEntry[]): Promise<unknown[]> {
    const places = entries.map(({ connectionId, userId }) => ({
      key: keys.connectionsOfUser(userId),
      connectionId,
    }));
    const calls = bySlot(this.#redis, places).map((group) => {
      const args = [CONNECTION_LEASE_MS, ...group.map(({ connectionId }) => connectionId)];
      return runScript(this.#redis, scripts.hold, { keys: group.map(({ key }) => key), args });
    });
    return Promise.all(calls);
  }

  #instanceIds(): Promise<string[]> {
    return answered(this.#redis.smembers(keys.instances));
  }

  #hashes(all: readonly string[]): Promise<Fields[]> {
    return answered(Promise.all(all.map((key) => this.#redis.hgetall(key))));
  }
}

type Hash = { readonly key: string; readonly fields: Readonly<Record<string, string | number>> };

const usersOf = (entries: readonly ConnectionEntry[]): Record<string, string> =>
  Object.fromEntries(entries.map(({ connectionId, userId }) => [connectionId, userId]));
