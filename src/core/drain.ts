import { CLOSE } from '../protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import type { Clock } from './ports/clock.ts';
import type { DrainReading, Metrics } from './ports/metrics.ts';
import type { Random } from './ports/random.ts';

/** How often a drain looks whether everybody has left, in ms. */
const LOOK_MS = 50;
/** How many are told at one look, or more where so many looks are not left. */
const MOST_A_LOOK = 500;
/** Time that a closing handshake gets after the deadline, in ms. */
const FAREWELL_MS = 1_000;
/** The last hint lies this share of the drain before the deadline, so that its client has time to leave. */
const HINTED_SHARE = 0.8;

export type DrainOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly timeoutMs: number;
  readonly metrics: Pick<Metrics, 'drainHinted'>;
  /** How many upgrades are under way: who was accepted before the drain may open only now. */
  upgrading(): number;
};

/**
 * Lets an instance go without its clients losing anything (G8): each is told when to leave, spread over the drain;
 * who has not left by the deadline is closed with 1012.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #planned = new WeakSet<Connection>();
  /** Who was not told yet, and when to leave, by `Clock.elapsed`. */
  readonly #leaving = new Map<Connection, number>();
  #isDraining = false;
  #deadline: number | null = null;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** How far it is. */
  reading(): DrainReading {
    const { clock, connections } = this.#options;
    if (this.#deadline === null) return { isDraining: this.#isDraining, connections: 0, seconds: 0 };
    const seconds = Math.max(0, this.#deadline - clock.elapsed()) / 1_000;
    return { isDraining: true, connections: connections.size, seconds };
  }

  /** Refuses new connections from now on. */
  begin(): void {
    this.#isDraining = true;
  }

  /** Resolves once every connection has ended and no upgrade is under way, or the timeout and a last farewell have passed. */
  async run(): Promise<void> {
    this.begin();
    const { clock, connections, timeoutMs } = this.#options;
    const deadline = clock.elapsed() + timeoutMs;
    this.#deadline = deadline;
    await this.#emptyBy(deadline, () => this.#announce(deadline));
    for (const connection of connections.values()) connection.close(CLOSE.serviceRestart);
    await this.#emptyBy(clock.elapsed() + FAREWELL_MS);
  }

  /**
   * Tells those that were not told yet, some at every look: ten thousand at once would stop the event loop for as long as
   * it takes to write to them all.
   */
  #announce(deadline: number): void {
    const { clock, metrics } = this.#options;
    const now = clock.elapsed();
    this.#plan(now, deadline);
    let left = Math.max(MOST_A_LOOK, Math.ceil((this.#leaving.size * 2 * LOOK_MS) / (deadline - now)));
    for (const [connection, leaveAt] of this.#leaving) {
      if (left-- === 0) break;
      this.#leaving.delete(connection);
      connection.drain(Math.max(0, Math.floor(leaveAt - now)), Math.ceil(deadline - now));
      metrics.drainHinted();
    }
  }

  /**
   * When each is to leave: at first everybody, later who was admitted before the drain and opened only then. Connections
   * in the middle of a replay are asked to leave last.
   */
  #plan(now: number, deadline: number): void {
    const { connections, random } = this.#options;
    const all = [...connections.values()].filter((connection) => !this.#planned.has(connection));
    const ordered = [
      ...all.filter(({ receiver }) => receiver.isLive),
      ...all.filter(({ receiver }) => !receiver.isLive),
    ];
    ordered.forEach((connection, index) => {
      const share = (index + random.fraction()) / ordered.length;
      this.#leaving.set(connection, now + share * HINTED_SHARE * (deadline - now));
      this.#planned.add(connection);
    });
  }

  /** Resolves when nobody is there or on the way in, or at the deadline; `meanwhile` runs at every look. */
  #emptyBy(deadline: number, meanwhile = () => {}): Promise<void> {
    const { clock, connections, upgrading } = this.#options;
    return new Promise((resolve) => {
      const look = () => {
        if (connections.size + upgrading() > 0 && clock.elapsed() < deadline) return meanwhile();
        stop();
        resolve();
      };
      const stop = clock.every(LOOK_MS, look);
      look();
    });
  }
}
