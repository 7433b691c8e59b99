import { networkOf } from '../../core/client-network.ts';
import type { EngineOptions } from '../../core/limits.ts';
import { CONNECTION_RETRY_MS, UPGRADE_SPAN_MS } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Admission,
  AdmissionRequest,
  ConnectionEntry,
  InstanceEntry,
  RegisteredConnection,
  Registry,
} from '../../core/ports/engine.ts';
import { CONNECTION_LEASE_MS, DEAD_AFTER_MS, INSTANCE_LEASE_MS } from '../../core/ports/engine.ts';
import { leavePlace, sweepPlaces, takePlace } from './places.ts';
import type { MemoryStore } from './store.ts';
import { dropExpired, putExpiring } from './store.ts';

export class MemoryRegistry implements Registry {
  readonly #store: MemoryStore;
  readonly #options: EngineOptions;
  readonly #clock: Clock;

  constructor(store: MemoryStore, options: EngineOptions & { clock: Clock }) {
    this.#store = store;
    this.#options = options;
    this.#clock = options.clock;
  }

  async admit({ connectionId, userId, address, reserve }: AdmissionRequest): Promise<Admission> {
    const { upgradesOfNetwork, connectionsOfUser } = this.#store;
    const { connectRatePerAddress, maxConnectionsPerUser } = this.#options;
    const asked = { member: connectionId, now: this.#clock.elapsed(), reserve };
    const upgrade = { ...asked, limit: connectRatePerAddress, holdMs: UPGRADE_SPAN_MS };
    const place = { ...asked, limit: maxConnectionsPerUser, holdMs: CONNECTION_LEASE_MS };
    const network = networkOf(address);
    const wait = connectRatePerAddress === 0 ? 0 : takePlace(upgradesOfNetwork, network, upgrade);
    if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    if (takePlace(connectionsOfUser, userId, place) === 0) return { kind: 'admitted' };
    leavePlace(upgradesOfNetwork, network, connectionId);
    return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
  }

  async giveBack({ connectionId, userId, address }: Omit<AdmissionRequest, 'reserve'>): Promise<void> {
    leavePlace(this.#store.upgradesOfNetwork, networkOf(address), connectionId);
    leavePlace(this.#store.connectionsOfUser, userId, connectionId);
  }

  async refresh(entries: readonly ConnectionEntry[]): Promise<void> {
    const now = this.#clock.elapsed();
    const { instanceId } = this.#options;
    const held = { limit: 0, now, holdMs: CONNECTION_LEASE_MS, reserve: true };
    for (const entry of entries) {
      const { connectionId: member, userId } = entry;
      const value = { ...entry, instanceId };
      putExpiring(this.#store.connections, member, { value, expiresAt: now + CONNECTION_LEASE_MS });
      takePlace(this.#store.connectionsOfUser, userId, { ...held, member });
    }
  }

  async remove(connections: readonly Pick<ConnectionEntry, 'connectionId' | 'userId'>[]): Promise<void> {
    for (const { connectionId, userId } of connections) {
      this.#store.connections.delete(connectionId);
      leavePlace(this.#store.connectionsOfUser, userId, connectionId);
    }
  }

  async connection(connectionId: string): Promise<RegisteredConnection | null> {
    dropExpired(this.#store.connections, this.#clock.elapsed());
    return this.#store.connections.get(connectionId)?.value ?? null;
  }

  async connectionsOf(userId: string): Promise<RegisteredConnection[]> {
    dropExpired(this.#store.connections, this.#clock.elapsed());
    const ids = this.#store.connectionsOfUser.get(userId)?.keys() ?? [];
    return [...ids].flatMap((id) => this.#store.connections.get(id)?.value ?? []);
  }

  async announce(instance: InstanceEntry): Promise<boolean> {
    const { instanceId } = instance;
    const now = this.#clock.elapsed();
    const known = this.#store.instances.get(instanceId);
    const isKnown =
      known !== undefined && known.expiresAt > now && known.value.startedAt === instance.startedAt;
    const expiresAt = now + INSTANCE_LEASE_MS;
    putExpiring(this.#store.instances, instanceId, { value: instance, expiresAt });
    return isKnown;
  }

  async withdraw(instanceId: string): Promise<void> {
    this.#store.instances.delete(instanceId);
    this.#store.orders.delete(instanceId);
  }

  async instances(): Promise<InstanceEntry[]> {
    const now = this.#clock.elapsed();
    const alive = [...this.#store.instances.values()].filter(({ expiresAt }) => expiresAt > now);
    return alive.map(({ value }) => value);
  }

  async dead(): Promise<string[]> {
    const latest = this.#clock.elapsed() + INSTANCE_LEASE_MS - DEAD_AFTER_MS;
    const dead = [...this.#store.instances].filter(([, { expiresAt }]) => expiresAt <= latest);
    // In one process one asks at a time.
    return dead.map(([instanceId]) => instanceId);
  }

  async clear(instanceId: string): Promise<number> {
    const all = [...this.#store.connections.values()].map(({ value }) => value);
    const left = all.filter((connection) => connection.instanceId === instanceId);
    await this.remove(left);
    await this.withdraw(instanceId);
    return left.length;
  }

  /** Forgets what has expired and nobody asks about. */
  sweep(): void {
    const now = this.#clock.elapsed();
    sweepPlaces(this.#store.upgradesOfNetwork, now);
    sweepPlaces(this.#store.connectionsOfUser, now);
    dropExpired(this.#store.connections, now);
    // By then a survivor has cleared it.
    dropExpired(this.#store.instances, now - (CONNECTION_LEASE_MS - INSTANCE_LEASE_MS));
  }
}
