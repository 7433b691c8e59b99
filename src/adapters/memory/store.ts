import type {
  Appended,
  EventRecord,
  HandoverListener,
  InstanceEntry,
  Tail,
} from '../../core/ports/engine.ts';
import type { RegisteredConnection } from './registry.ts';

/** One user's stream in memory. `log` holds the persisted events, oldest first. */
export type MemoryStream = {
  epoch: string;
  newest: number;
  firstOfEpoch: number;
  previous: Tail['previous'];
  trimmedTo: number;
  log: { readonly record: EventRecord; readonly sequenceId: number; readonly at: number }[];
  touchedAt: number;
};

export type Expiring<Value> = { readonly value: Value; readonly expiresAt: number };

/**
 * What Redis is to the other engine: the state that several instances share. The embedded engine has one instance;
 * tests put several on one store.
 */
export class MemoryStore {
  readonly streams = new Map<string, MemoryStream>();
  readonly claims = new Map<string, Expiring<string>>();
  readonly results = new Map<string, Expiring<Appended>>();
  readonly subscriptions = new Map<string, Set<HandoverListener>>();
  readonly connections = new Map<string, RegisteredConnection>();
  readonly connectionsOfUser = new Map<string, Map<string, number>>();
  readonly upgradesOfAddress = new Map<string, Map<string, number>>();
  readonly instances = new Map<string, Expiring<InstanceEntry>>();

  /** Loses everything but the subscriptions, as FLUSHALL does. */
  flush(): void {
    for (const map of [this.streams, this.claims, this.results, this.connections, this.instances])
      map.clear();
    this.connectionsOfUser.clear();
    this.upgradesOfAddress.clear();
  }
}

/** Takes out what has expired. Entries are in the order of their expiry, so that it stops at the first live one. */
export function dropExpired<Value>(entries: Map<string, Expiring<Value>>, now: number): void {
  for (const [key, { expiresAt }] of entries) {
    if (expiresAt > now) return;
    entries.delete(key);
  }
}
