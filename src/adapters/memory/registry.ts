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
import { leavePlace, sweepPlaces, takePlace } from './places.ts';
import type { MemoryStore } from './store.ts';
import { dropExpired } from './store.ts';

export type RegisteredConnection = ConnectionEntry & {
  readonly instanceId: string;
  readonly expiresAt: number;
};

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
    const now = this.#clock.now();
    const { upgradesOfAddress, connectionsOfUser } = this.#store;
    const { connectRatePerAddress, maxConnectionsPerUser } = this.#options;
    const upgrade = {
      member: connectionId,
      now,
      reserve,
      limit: connectRatePerAddress,
      until: now + UPGRADE_SPAN_MS,
    };
    const place = { ...upgrade, limit: maxConnectionsPerUser, until: now + CONNECTION_LEASE_MS };
    const wait = connectRatePerAddress === 0 ? 0 : takePlace(upgradesOfAddress, address, upgrade);
    if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    if (takePlace(connectionsOfUser, userId, place) === 0) return { kind: 'admitted' };
    leavePlace(upgradesOfAddress, address, connectionId);
    return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
  }

  async refresh(entries: readonly ConnectionEntry[]): Promise<void> {
    const expiresAt = this.#clock.now() + CONNECTION_LEASE_MS;
    for (const entry of entries) {
      const { connectionId, userId } = entry;
      this.#store.connections.set(connectionId, {
        ...entry,
        instanceId: this.#options.instanceId,
        expiresAt,
      });
      const places = this.#store.connectionsOfUser.get(userId) ?? new Map();
      this.#store.connectionsOfUser.set(userId, places.set(connectionId, expiresAt));
    }
  }

  async remove(connections: readonly Pick<ConnectionEntry, 'connectionId' | 'userId'>[]): Promise<void> {
    for (const { connectionId, userId } of connections) {
      this.#store.connections.delete(connectionId);
      leavePlace(this.#store.connectionsOfUser, userId, connectionId);
    }
  }

  async connectionsOf(userId: string): Promise<RegisteredConnection[]> {
    const now = this.#clock.now();
    const ids = this.#store.connectionsOfUser.get(userId)?.keys() ?? [];
    return [...ids]
      .flatMap((id) => this.#store.connections.get(id) ?? [])
      .filter(({ expiresAt }) => expiresAt > now);
  }

  async announce(instance: InstanceEntry): Promise<void> {
    // Deleted first, so that the map stays in the order of expiry.
    this.#store.instances.delete(instance.instanceId);
    const expiresAt = this.#clock.now() + CONNECTION_LEASE_MS;
    this.#store.instances.set(instance.instanceId, { value: instance, expiresAt });
  }

  async withdraw(instanceId: string): Promise<void> {
    this.#store.instances.delete(instanceId);
  }

  async instances(): Promise<InstanceEntry[]> {
    dropExpired(this.#store.instances, this.#clock.now());
    return [...this.#store.instances.values()].map(({ value }) => value);
  }

  /** Forgets what has expired and nobody asks about. */
  sweep(): void {
    const now = this.#clock.now();
    sweepPlaces(this.#store.upgradesOfAddress, now);
    sweepPlaces(this.#store.connectionsOfUser, now);
    for (const [id, { expiresAt }] of this.#store.connections)
      if (expiresAt <= now) this.#store.connections.delete(id);
  }
}
