import type { ConnectionWitness } from './connection-witness.ts';
import type { Flusher } from './flusher.ts';
import type { Pacer } from './pacer.ts';
import type { Clock } from './ports/clock.ts';
import type { Metrics } from './ports/metrics.ts';
import type { Socket } from './ports/transport.ts';
import type { Turnstile } from './turnstile.ts';

/** What the outboxes of an instance share. */
export type OutboxContext = {
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly pacer: Pacer;
  /** Stands before the limit over the whole cluster. */
  readonly turnstile: Turnstile;
  readonly metrics: Metrics;
  readonly settings: OutboxSettings;
};

export type OutboxSettings = {
  readonly sendBufferSize: number;
  readonly queueTtlMs: number;
  /** Messages per second; 0 = unlimited. */
  readonly rateLimitPerConnection: number;
};

export type OutboxOwner = {
  /** The client takes too little, and nothing more may be shed. */
  overflowed(): void;
};

/** What an outbox has for itself. */
export type OutboxParts = {
  readonly socket: Socket;
  readonly witness: ConnectionWitness;
  readonly owner: OutboxOwner;
};
