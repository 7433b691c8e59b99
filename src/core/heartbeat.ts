import { CLOSE } from '../protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Metrics } from './ports/metrics.ts';

/** Parts of the interval that pings are spread over. */
const SLOTS = 64;
/** Shortest time between two ticks, in ms; short intervals have fewer slots. */
const SHORTEST_TICK_MS = 20;

export type HeartbeatOptions = {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How many PINGs in a row may go unanswered before the close. */
  readonly misses: number;
  readonly metrics: Metrics;
};

/**
 * One wheel for all connections: each tick pings the connections of one slot, and judges those that were pinged one
 * timeout ago. No connection has a timer of its own.
 *
 * The timeout is counted in ticks, not by the clock: while the event loop stands still it does not tick, so that nobody
 * is judged by answers that could not be read.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #slots: Set<Connection>[];
  readonly #slotOf = new Map<Connection, number>();
  /** Ticks from a ping to its judgement: the timeout, and one more in which what came just in time is read. */
  readonly #patience: number;
  /** When the last ticks were, by their number modulo as many as are needed. */
  readonly #tickedAt: number[] = [];
  readonly #stop: Cancel;
  #tick = 0;
  #joined = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const { clock, intervalMs, timeoutMs } = options;
    const count = Math.max(1, Math.min(SLOTS, Math.floor(intervalMs / SHORTEST_TICK_MS)));
    const tickMs = intervalMs / count;
    this.#slots = Array.from({ length: count }, () => new Set<Connection>());
    this.#patience = Math.ceil(timeoutMs / tickMs) + 1;
    this.#stop = clock.every(tickMs, () => this.#turn());
  }

  add(connection: Connection): void {
    const slot = this.#joined++ % this.#slots.length;
    this.#slotOf.set(connection, slot);
    this.#slots[slot]?.add(connection);
  }

  delete(connection: Connection): void {
    const slot = this.#slotOf.get(connection);
    if (slot !== undefined) this.#slots[slot]?.delete(connection);
    this.#slotOf.delete(connection);
  }

  stop(): void {
    this.#stop();
  }

  #turn(): void {
    const tick = this.#tick++;
    const place = tick % this.#patience;
    const pingedAt = this.#tickedAt[place];
    if (pingedAt !== undefined) {
      for (const connection of this.#slot(tick - this.#patience)) this.#judge(connection, pingedAt);
    }
    this.#tickedAt[place] = this.#options.clock.elapsed();
    for (const connection of this.#slot(tick)) connection.say({ type: 'PING', payload: {} });
  }

  #slot(tick: number): Iterable<Connection> {
    return this.#slots[tick % this.#slots.length] ?? [];
  }

  #judge(connection: Connection, pingedAt: number): void {
    if (connection.lastHeard >= pingedAt) return;
    connection.misses++;
    this.#options.metrics.heartbeatMissed();
    if (connection.misses >= this.#options.misses) connection.close(CLOSE.heartbeatTimeout);
  }
}
