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
import type { MemoryStore, RegisteredConnection } from './store.ts';
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
    const { upgradesOfAddress, connectionsOfUser } = this.#store;
    const { connectRatePerAddress, maxConnectionsPerUser } = this.#options;
    const asked = { member: connectionId, now: this.#clock.elapsed(), reserve };
    const upgrade = { ...asked, limit: connectRatePerAddress, holdMs: UPGRADE_SPAN_MS };
    const place = { ...asked, limit: maxConnectionsPerUser, holdMs: CONNECTION_LEASE_MS };
    const wait = connectRatePerAddress === 0 ? 0 : takePlace(upgradesOfAddress, address, upgrade);
    if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    if (takePlace(connectionsOfUser, userId, place) === 0) return { kind: 'admitted' };
    leavePlace(upgradesOfAddress, address, connectionId);
    return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
  }

  async giveBack({ connectionId, userId, address }: Omit<AdmissionRequest, 'reserve'>): Promise<void> {
    leavePlace(this.#store.upgradesOfAddress, address, connectionId);
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

  async connectionsOf(userId: string): Promise<RegisteredConnection[]> {
    dropExpired(this.#store.connections, this.#clock.elapsed());
    const ids = this.#store.connectionsOfUser.get(userId)?.keys() ?? [];
    return [...ids].flatMap((id) => this.#store.connections.get(id)?.value ?? []);
  }

  async announce(instance: InstanceEntry): Promise<void> {
    const expiresAt = this.#clock.elapsed() + CONNECTION_LEASE_MS;
    putExpiring(this.#store.instances, instance.instanceId, { value: instance, expiresAt });
  }

  async withdraw(instanceId: string): Promise<void> {
    this.#store.instances.delete(instanceId);
  }

  async instances(): Promise<InstanceEntry[]> {
    dropExpired(this.#store.instances, this.#clock.elapsed());
    return [...this.#store.instances.values()].map(({ value }) => value);
  }

  /** Forgets what has expired and nobody asks about. */
  sweep(): void {
    const now = this.#clock.elapsed();
    sweepPlaces(this.#store.upgradesOfAddress, now);
    sweepPlaces(this.#store.connectionsOfUser, now);
    dropExpired(this.#store.connections, now);
    dropExpired(this.#store.instances, now);
  }
}
