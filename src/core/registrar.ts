import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine, InstanceEntry } from './ports/engine.ts';
import { EngineUnavailable, REGISTRY_REFRESH_MS } from './ports/engine.ts';
import type { Log } from './ports/log.ts';

/** How many connections one batch of the refresh writes. */
const REFRESH_BATCH = 250;

export type RegistrarOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: ReadonlyMap<string, Connection>;
  instance(): InstanceEntry;
};

/** Keeps the registry true: connections as they come and go, and all of them refreshed before their lease ends. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #stop: Cancel;
  #isRefreshing = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#stop = options.clock.every(REGISTRY_REFRESH_MS, () => void this.refresh());
  }

  opened(connection: Connection): void {
    this.#attempt('registering a connection', this.#options.engine.registry.refresh([connection.entry]));
  }

  /** Also for a place that was reserved and never used. */
  closed(connection: { connectionId: string; userId: string }): void {
    this.#attempt(
      'taking a connection out of the registry',
      this.#options.engine.registry.remove([connection]),
    );
  }

  async refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const { engine, connections, instance } = this.#options;
    try {
      await engine.registry.announce(instance());
      const all = [...connections.values()];
      for (let start = 0; start < all.length; start += REFRESH_BATCH) {
        // One that closed meanwhile must not come back.
        const batch = all.slice(start, start + REFRESH_BATCH).filter(({ id }) => connections.has(id));
        await engine.registry.refresh(batch.map(({ entry }) => entry));
      }
    } catch (error) {
      this.#warn('refreshing the registry', error);
    } finally {
      this.#isRefreshing = false;
    }
  }

  /** Takes the instance and everything of it out of the registry. */
  async withdraw(): Promise<void> {
    this.#stop();
    const { engine, connections, instance } = this.#options;
    try {
      await engine.registry.remove([...connections.values()].map(({ entry }) => entry));
      await engine.registry.withdraw(instance().instanceId);
    } catch (error) {
      this.#warn('withdrawing from the registry', error);
    }
  }

  #attempt(what: string, write: Promise<void>): void {
    write.catch((error: unknown) => this.#warn(what, error));
  }

  // What could not be written is put right by the next refresh, or expires.
  #warn(what: string, error: unknown): void {
    const level = error instanceof EngineUnavailable ? 'warn' : 'error';
    this.#options.log[level](`${what} failed`, { error: String(error) });
  }
}
