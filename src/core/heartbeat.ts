import { CLOSE } from '../protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';

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
};

/**
 * One wheel for all connections: each tick pings the connections of one slot, and judges those that were pinged one
 * timeout ago. No connection has a timer of its own.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #slots: Set<Connection>[];
  readonly #slotOf = new Map<Connection, number>();
  readonly #tickMs: number;
  readonly #stop: Cancel;
  #tick = 0;
  #joined = 0;
  #lastTick: number;
  #lenientUntil = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const { clock, intervalMs } = options;
    const count = Math.max(1, Math.min(SLOTS, Math.floor(intervalMs / SHORTEST_TICK_MS)));
    this.#slots = Array.from({ length: count }, () => new Set<Connection>());
    this.#tickMs = intervalMs / count;
    this.#lastTick = clock.elapsed();
    this.#stop = clock.every(this.#tickMs, () => this.#turn());
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
    const now = this.#options.clock.elapsed();
    const { timeoutMs } = this.#options;
    // While the loop stood still, answers could not be read: nobody is judged until they had their time again.
    if (now - this.#lastTick > this.#tickMs + timeoutMs / 2) this.#lenientUntil = now + timeoutMs;
    this.#lastTick = now;
    const waited = Math.ceil(timeoutMs / this.#tickMs);
    if (now >= this.#lenientUntil) {
      for (const connection of this.#slot(this.#tick - waited)) this.#judge(connection, now - timeoutMs);
    }
    for (const connection of this.#slot(this.#tick)) connection.say({ type: 'PING', payload: {} });
    this.#tick++;
  }

  #slot(tick: number): Iterable<Connection> {
    const count = this.#slots.length;
    return this.#slots[((tick % count) + count) % count] ?? [];
  }

  #judge(connection: Connection, pingedAt: number): void {
    if (connection.lastHeard >= pingedAt) return;
    connection.misses++;
    if (connection.misses >= this.#options.misses) connection.close(CLOSE.heartbeatTimeout);
  }
}
