import type {
  Appended,
  EventRecord,
  HandoverListener,
  InstanceEntry,
  Order,
  RegisteredConnection,
} from '../../core/ports/engine.ts';
import type { MemoryBucket } from './limits.ts';
import type { Places } from './places.ts';
import type { Tasks } from './progress.ts';

/** One user's stream in memory; times are of `Clock.elapsed`. */
export type MemoryStream = {
  readonly epoch: string;
  newest: number;
  trimmedTo: number;
  /** Persisted events, oldest first, without holes. */
  readonly log: { readonly record: EventRecord; readonly sequenceId: number; readonly at: number }[];
  touchedAt: number;
};

export type Expiring<Value> = { readonly value: Value; readonly expiresAt: number };

/**
 * What Redis is to the other engine: the state that several instances share. The embedded engine has one instance;
 * tests put several on one store. What expires stands in the order of its expiry.
 */
export class MemoryStore {
  readonly streams = new Map<string, MemoryStream>();
  readonly progress = new Map<string, Tasks>();
  readonly claims = new Map<string, Expiring<string>>();
  readonly results = new Map<string, Expiring<Appended>>();
  readonly subscriptions = new Map<string, Set<HandoverListener>>();
  readonly connections = new Map<string, Expiring<RegisteredConnection>>();
  readonly instances = new Map<string, Expiring<InstanceEntry>>();
  readonly connectionsOfUser = new Map<string, Places>();
  readonly upgradesOfNetwork = new Map<string, Places>();
  /** Of each instance, by their id. */
  readonly orders = new Map<string, Map<string, Order>>();
  /** To each order, by the instance that answered. */
  readonly answers = new Map<string, Expiring<Map<string, string>>>();
  readonly buckets = new Map<string, MemoryBucket>();

  /** Loses everything but the subscriptions, as FLUSHALL does. */
  flush(): void {
    for (const map of [
      this.streams,
      this.progress,
      this.claims,
      this.results,
      this.connections,
      this.instances,
      this.orders,
      this.answers,
      this.buckets,
    ])
      map.clear();
    this.connectionsOfUser.clear();
    this.upgradesOfNetwork.clear();
  }
}

/** Puts an entry in, or an entry that is known last in the order of expiry. */
export function putExpiring<Value>(
  entries: Map<string, Expiring<Value>>,
  key: string,
  entry: Expiring<Value>,
): void {
  entries.delete(key);
  entries.set(key, entry);
}

/** Takes out what has expired; stops at the first that has not. */
export function dropExpired<Value>(entries: Map<string, Expiring<Value>>, now: number): void {
  for (const [key, { expiresAt }] of entries) {
    if (expiresAt > now) return;
    entries.delete(key);
  }
}
