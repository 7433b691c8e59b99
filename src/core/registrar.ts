import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { AdmissionRequest, Engine, InstanceEntry } from './ports/engine.ts';
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
  #refreshing: Promise<void> | null = null;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#stop = options.clock.every(REGISTRY_REFRESH_MS, () => {
      if (this.#refreshing === null) void this.refresh();
    });
  }

  opened(connection: Connection): void {
    this.#attempt('registering a connection', this.#options.engine.registry.refresh([connection.entry]));
  }

  /** Also for a place that was taken and never used. */
  closed(connection: { connectionId: string; userId: string }): void {
    this.#attempt(
      'taking a connection out of the registry',
      this.#options.engine.registry.remove([connection]),
    );
  }

  /** The upgrade is refused, though there was a place. */
  refused(request: Omit<AdmissionRequest, 'reserve'>): void {
    this.#attempt('giving back a place', this.#options.engine.registry.giveBack(request));
  }

  /** Writes everything as it is now, after a refresh that is under way. */
  async refresh(): Promise<void> {
    while (this.#refreshing !== null) await this.#refreshing;
    this.#refreshing = this.#refresh();
    await this.#refreshing;
    this.#refreshing = null;
  }

  /** Takes the instance and everything of it out of the registry. */
  async withdraw(): Promise<void> {
    this.#stop();
    while (this.#refreshing !== null) await this.#refreshing;
    const { engine, connections, instance } = this.#options;
    try {
      await engine.registry.remove([...connections.values()].map(({ entry }) => entry));
      await engine.registry.withdraw(instance().instanceId);
    } catch (error) {
      this.#warn('withdrawing from the registry', error);
    }
  }

  async #refresh(): Promise<void> {
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
