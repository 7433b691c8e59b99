import type { Filters } from '../../protocol/filters.ts';

export type ConnectionEntry = {
  readonly connectionId: string;
  readonly userId: string;
  /** Wall-clock ms. */
  readonly connectedAt: number;
  readonly lastHeartbeat: number;
  readonly filters: Filters;
  readonly lastSequenceId: number;
  readonly isDraining: boolean;
};

export type InstanceEntry = {
  readonly instanceId: string;
  readonly hostname: string;
  readonly port: number;
  readonly startedAt: number;
  readonly lastHeartbeat: number;
  readonly connectionCount: number;
  readonly status: 'active' | 'draining';
};

export type AdmissionRequest = {
  readonly connectionId: string;
  readonly userId: string;
  readonly address: string;
  /** False asks only, and takes no place. */
  readonly reserve: boolean;
};

export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'too_many_connections' | 'too_many_upgrades'; readonly retryAfterMs: number };

export type RegisteredConnection = ConnectionEntry & { readonly instanceId: string };

/** Connections and instances, visible from every instance. What an instance stops refreshing expires by itself. */
export type Registry = {
  /** Takes a place among the user's connections and the address's upgrades, or takes nothing. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /** Gives back what `admit` took, for an upgrade that is refused after all (G12). */
  giveBack(request: Omit<AdmissionRequest, 'reserve'>): Promise<void>;
  /** Writes connections, new or known, and keeps them alive for a lease. */
  refresh(entries: readonly ConnectionEntry[]): Promise<void>;
  /** Takes out connections, and places that were taken and never used. */
  remove(connections: readonly Pick<ConnectionEntry, 'connectionId' | 'userId'>[]): Promise<void>;
  connection(connectionId: string): Promise<RegisteredConnection | null>;
  /** Connections of a user over all instances. */
  connectionsOf(userId: string): Promise<readonly RegisteredConnection[]>;
  /**
   * Gives false where the registry did not know the instance, or knew another process by its id: it has to be told of
   * every connection anew.
   */
  announce(instance: InstanceEntry): Promise<boolean>;
  withdraw(instanceId: string): Promise<void>;
  instances(): Promise<readonly InstanceEntry[]>;
  /** Takes out the connections of an instance that is gone; gives how many. */
  clear(instanceId: string): Promise<number>;
  /**
   * Instances that were silent for `DEAD_AFTER_MS`, or whose lease ran out, and that are not cleared yet. They are given to one that asks at a time; should it
   * fail to clear them, they are given again after `CLEARING_MS`.
   */
  dead(): Promise<readonly string[]>;
};

/** How long the hash of an instance stands without being refreshed, in ms (contract §6). */
export const INSTANCE_LEASE_MS = 60_000;
/** How long an instance's connections stand without being refreshed, in ms: gone within 90 s without a survivor (G9). */
export const CONNECTION_LEASE_MS = 85_000;
/** How long an instance is silent until it is taken for dead, in ms: its clients wait for their places meanwhile. */
export const DEAD_AFTER_MS = 20_000;
/** How long one survivor has to clear a dead instance before another may try, in ms. */
export const CLEARING_MS = 10_000;
