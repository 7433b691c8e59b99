import { CLOSE } from '../protocol/close-codes.ts';
import { timestampOf } from '../protocol/server-messages.ts';
import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Metrics } from './ports/metrics.ts';

/** How often is looked who is due, in ms: a notice or a close comes this much late at most, and never early. */
const TICK_MS = 250;
/** How long before its expiry a token's client is told, in ms. With less than this left at the connect: halfway. */
const NOTICE_MS = 60_000;

/** What is next for one connection: the notice, then the close. */
type Appointment = {
  readonly connection: Connection;
  readonly expiresAt: number;
  /** When it is next, by `Clock.now`. */
  due: number;
  isTold: boolean;
};

/**
 * Ends connections whose token expires (contract §4: 4001), and tells each once before, so that its client can have the
 * next token ready. One timer for all of them, and none while no token here has an end; appointments stand in buckets by
 * when they are due, so that a tick touches only what is.
 *
 * An expiry is a time of the wall clock (RFC 7519 §4.1.4), so it is judged by that clock, jumps included: a bucket is
 * looked for by what the clock says now, and one that was emptied stays empty when the clock goes back.
 */
export class TokenExpiry {
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #appointments = new Map<Connection, Appointment>();
  readonly #buckets = new Map<number, Set<Appointment>>();
  /** No bucket before this one has anything in it. */
  #first = Number.POSITIVE_INFINITY;
  #cancel: Cancel | null = null;

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Watches a connection that has been greeted; one whose token has no end needs no watching. */
  add(connection: Connection): void {
    const expiresAt = connection.ticket.tokenExpiresAt;
    if (expiresAt === null) return;
    const leftMs = expiresAt - this.#clock.now();
    const due = expiresAt - (leftMs < NOTICE_MS ? leftMs / 2 : NOTICE_MS);
    const appointment = { connection, expiresAt, due, isTold: false };
    this.#appointments.set(connection, appointment);
    this.#put(appointment);
    this.#cancel ??= this.#clock.every(TICK_MS, () => this.#turn());
  }

  /** Forgets a connection; does nothing for one that is not watched. */
  delete(connection: Connection): void {
    const appointment = this.#appointments.get(connection);
    if (appointment === undefined) return;
    this.#appointments.delete(connection);
    this.#take(appointment);
    if (this.#appointments.size === 0) this.stop();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #turn(): void {
    const now = this.#clock.now();
    for (const appointment of this.#dueBy(now)) this.#keep(appointment, now);
  }

  #dueBy(now: number): Appointment[] {
    const current = bucketAt(now);
    const due = this.#bucketsUpTo(current)
      .flatMap((bucket) => [...(this.#buckets.get(bucket) ?? [])])
      .filter((appointment) => appointment.due <= now);
    this.#first = Math.max(this.#first, current);
    return due;
  }

  /** After a jump of the clock there are more buckets to pass than there are with something in them. */
  #bucketsUpTo(current: number): number[] {
    const count = current - this.#first + 1;
    if (count > this.#buckets.size) return [...this.#buckets.keys()].filter((bucket) => bucket <= current);
    return Array.from({ length: Math.max(0, count) }, (_, index) => this.#first + index);
  }

  #keep(appointment: Appointment, now: number): void {
    const { connection, expiresAt } = appointment;
    if (!appointment.isTold) {
      // First, since a client that reads nothing may be closed by what is said to it.
      this.#take(appointment);
      appointment.isTold = true;
      appointment.due = expiresAt;
      this.#put(appointment);
      const expiresInMs = Math.max(0, Math.ceil(expiresAt - now));
      const payload = { expires_at: timestampOf(expiresAt), expires_in_ms: expiresInMs };
      connection.say({ type: 'TOKEN_EXPIRING', payload });
    }
    if (now < expiresAt) return;
    this.delete(connection);
    this.#metrics.tokenExpired();
    connection.close(CLOSE.tokenExpired);
  }

  #put(appointment: Appointment): void {
    const bucket = bucketAt(appointment.due);
    const inIt = this.#buckets.get(bucket);
    if (inIt === undefined) this.#buckets.set(bucket, new Set([appointment]));
    else inIt.add(appointment);
    this.#first = Math.min(this.#first, bucket);
  }

  #take(appointment: Appointment): void {
    const bucket = bucketAt(appointment.due);
    const inIt = this.#buckets.get(bucket);
    inIt?.delete(appointment);
    if (inIt?.size === 0) this.#buckets.delete(bucket);
  }
}

const bucketAt = (time: number): number => Math.floor(time / TICK_MS);
