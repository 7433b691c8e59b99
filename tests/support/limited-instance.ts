import { createMemoryEngine } from '../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { GlobalLimit } from '../../src/core/global-limit.ts';
import { FaultyEngine } from './faulty-engine.ts';
import { ManualClock } from './manual-clock.ts';
import { noMetrics } from './no-metrics.ts';
import { seededRandom } from './seeded-random.ts';
import { DEFAULTS, recordingLog } from './test-instance.ts';

/** How often waiting messages ask anew for tokens, in ms, as those of the outboxes do. */
export const POLL_MS = 20;

export type Delivery = { readonly at: number; readonly count: number };

/** An instance of which there is nothing but the limit and messages that wait for it. */
export class LimitedInstance {
  readonly engine: FaultyEngine;
  readonly limit: GlobalLimit;
  readonly log = recordingLog();
  /** What was let pass, and when. */
  readonly deliveries: Delivery[] = [];
  waiting = 0;
  readonly #clock: ManualClock;
  readonly #stopPolling: () => void;

  constructor({ clock, store, rate }: LimitedCluster, instanceId: string) {
    const options = { ...DEFAULTS, instanceId, clock, random: seededRandom() };
    this.#clock = clock;
    this.engine = new FaultyEngine(createMemoryEngine(options, store), clock);
    this.limit = new GlobalLimit({ engine: this.engine, clock, log: this.log, metrics: noMetrics, rate });
    this.#stopPolling = clock.every(POLL_MS, () => this.#poll());
  }

  /** So many more messages are to be delivered, as soon as may be. */
  arrive(count: number): void {
    this.waiting += count;
    this.#poll();
  }

  /** How many were delivered in [from, to). */
  delivered(from = 0, to = Number.POSITIVE_INFINITY): number {
    const within = this.deliveries.filter(({ at }) => at >= from && at < to);
    return within.reduce((sum, { count }) => sum + count, 0);
  }

  /** What the engine was asked for. */
  get leases(): { readonly wanted: number; readonly returned: number }[] {
    return this.engine.of('lease') as { wanted: number; returned: number }[];
  }

  /** Stops at once, as a process that is killed. */
  async die(): Promise<void> {
    this.#stopPolling();
    this.limit.stop();
    await this.engine.close();
  }

  #poll(): void {
    let count = 0;
    while (count < this.waiting && this.limit.take(1)) count++;
    this.waiting -= count;
    if (count > 0) this.deliveries.push({ at: this.#clock.elapsed(), count });
  }
}

/** Such instances on one store, in one time. */
export class LimitedCluster {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly rate: number;
  readonly #started: LimitedInstance[] = [];

  constructor(rate: number) {
    this.rate = rate;
  }

  instance(): LimitedInstance {
    const one = new LimitedInstance(this, `i-${this.#started.length}`);
    this.#started.push(one);
    return one;
  }

  /** Lets messages come every 10 ms, so many a second at each. */
  async flow(rates: ReadonlyMap<LimitedInstance, number>, milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      for (const [one, rate] of rates) one.arrive(rate / 100);
      await this.clock.advance(10);
    }
  }

  /** How many all delivered in [from, to). */
  delivered(from = 0, to = Number.POSITIVE_INFINITY): number {
    return this.#started.reduce((sum, one) => sum + one.delivered(from, to), 0);
  }

  async stop(): Promise<void> {
    for (const one of this.#started) await one.die();
    if (this.clock.timers > 0) throw new Error(`${this.clock.timers} timers are left of stopped instances`);
  }
}
