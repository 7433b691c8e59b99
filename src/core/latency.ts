import { acceptedAt } from '../protocol/server-messages.ts';
import type { Clock } from './ports/clock.ts';
import type { EventRecord } from './ports/engine.ts';
import type { Metrics } from './ports/metrics.ts';

/**
 * Tells how long live events were on their way to a socket. Who accepted an event may have another clock than this
 * instance: what lies in the future by that counts as no time.
 */
export class Latency {
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, 'deliveredAfter'>;
  #record: EventRecord | null = null;
  #now = 0;
  #seconds = 0;

  constructor(clock: Clock, metrics: Pick<Metrics, 'deliveredAfter'>) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** An event leaves. What one turn hands to a thousand sockets is reckoned once. @param now by `Clock.elapsed` */
  left(record: EventRecord, now: number): void {
    if (record !== this.#record || now !== this.#now) {
      this.#record = record;
      this.#now = now;
      const accepted = acceptedAt(record.frame, record.header.eventType);
      this.#seconds = Math.max(0, this.#clock.now() - accepted) / 1_000;
    }
    this.#metrics.deliveredAfter(this.#seconds);
  }
}
