import type { Connection } from './connection.ts';
import type { Clock } from './ports/clock.ts';
import type { AdmissionRequest, Engine, InstanceEntry } from './ports/engine.ts';
import { CONNECTION_LEASE_MS, EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import { Turns } from './turns.ts';

/** How often the instance is refreshed, in ms; by this it also learns that the engine has lost what it knew. */
const ANNOUNCE_MS = 5_000;
/** How old the entry of a connection grows before it is refreshed, in ms. */
export const REFRESH_MS = 40_000;
/** How often what has changed, and what is due, is written, in ms. */
const WRITE_MS = 1_000;
/** How often dead instances are looked for, in ms. */
const CLEAR_MS = 5_000;
/** How often the instances are counted, in ms. */
const COUNT_MS = 10_000;
/** Announcements in a row before others are taken for dead: while the engine was away, everybody was silent. */
const STEADY = 3;
/** How many connections one batch writes. */
export const BATCH = 250;
/** What is due is written over as many turns at least, so that ten thousand that came at once are no burst. */
const TURNS = 20;

type Owned = { readonly connectionId: string; readonly userId: string };

export type RegistrarOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: ReadonlyMap<string, Connection>;
  instance(): InstanceEntry;
};

/** Keeps the registry true: connections as they come, change and go, all of them before their lease ends (G9). */
export class Registrar {
  readonly #options: RegistrarOptions;
  /** What is written later has to stand later. */
  readonly #turns: Turns;
  /** When each connection was last written, in the order of that time. */
  readonly #writtenAt = new Map<Connection, number>();
  readonly #changed = new Set<Connection>();
  /** In this turn of the event loop. */
  #opened: Connection[] = [];
  /** What ended and could not be taken out, by when that was: a user must not be refused for it until its lease ends. */
  readonly #left = new Map<Owned, number>();

  #announced = 0;
  #seen = { active: 0, draining: 0 };

  constructor(options: RegistrarOptions) {
    this.#options = options;
    // What could not be written is put right by a later turn, or expires.
    this.#turns = new Turns({ ...options, failed: (what, error) => this.#warn(what, error) });
    this.#turns.repeat('keeping the registry', ANNOUNCE_MS, () => this.#announce());
    this.#turns.repeat('keeping the registry', WRITE_MS, () => this.#writeDue());
    this.#turns.repeat('keeping the registry', CLEAR_MS, () => this.#clearDead());
    this.#turns.repeat('counting the instances', COUNT_MS, () => this.#count());
  }

  /** Instances by their status, when they were last counted. */
  get seen(): { readonly active: number; readonly draining: number } {
    return this.#seen;
  }

  opened(connection: Connection): void {
    this.#writtenAt.set(connection, this.#options.clock.elapsed());
    this.#opened.push(connection);
    // In a storm of reconnects, many open in one turn.
    if (this.#opened.length === 1) this.#options.clock.endOfTurn(() => this.#writeOpened());
  }

  /** Its entry is written with the next turn. */
  changed(connection: Connection): void {
    if (this.#writtenAt.has(connection)) this.#changed.add(connection);
  }

  closed(connection: Connection): void {
    this.#writtenAt.delete(connection);
    this.#changed.delete(connection);
    this.abandoned(connection.ticket);
  }

  /** A place was taken, and will not be used. */
  abandoned(connection: Owned): void {
    this.#attempt(connection, this.#options.engine.registry.remove([connection]));
  }

  /** The upgrade is refused, though there was a place. */
  refused(request: Omit<AdmissionRequest, 'reserve'>): void {
    this.#attempt(request, this.#options.engine.registry.giveBack(request));
  }

  /** Clears what an earlier life of this instance may have left; before it has connections. */
  async begin(): Promise<void> {
    await this.#turns.once('writing the registry', async () => {
      const { engine, instance } = this.#options;
      await engine.registry.clear(instance().instanceId);
    });
  }

  /** Writes everything as it is now. */
  async refresh(): Promise<void> {
    await this.#turns.once('writing the registry', async () => {
      await this.#writeAll();
      await this.#count();
    });
  }

  /** Takes the instance and everything of it out of the registry. */
  async withdraw(): Promise<void> {
    this.#turns.stop();
    await this.#turns.once('writing the registry', async () => {
      const { engine, connections, instance } = this.#options;
      const open = [...connections.values()].map(({ ticket }) => ticket);
      await engine.registry.remove([...open, ...this.#left.keys()]);
      await engine.registry.withdraw(instance().instanceId);
    });
  }

  async #announce(): Promise<void> {
    const { engine, instance, log } = this.#options;
    let isKnown = false;
    const before = this.#announced;
    this.#announced = 0;
    try {
      isKnown = await engine.registry.announce(instance());
      this.#announced = before + 1;
    } finally {
      // Lost with the registry, or cleared: by others while this process stood still, or by one that was given its id.
      if (!isKnown) for (const connection of this.#writtenAt.keys()) this.#changed.add(connection);
    }
    if (!isKnown) log.warn('the registry had lost this instance, or another process goes by its id');
  }

  async #count(): Promise<void> {
    const seen = { active: 0, draining: 0 };
    for (const { status } of await this.#options.engine.registry.instances()) seen[status]++;
    this.#seen = seen;
  }

  #writeOpened(): void {
    const opened = this.#opened.filter((connection) => this.#writtenAt.has(connection));
    this.#opened = [];
    this.#options.engine.registry.refresh(opened.map(({ entry }) => entry)).catch((error: unknown) => {
      this.#warn('registering a connection', error);
      for (const connection of opened) this.changed(connection);
    });
  }

  async #writeAll(): Promise<void> {
    await this.#options.engine.registry.announce(this.#options.instance());
    await this.#write([...this.#writtenAt.keys()]);
  }

  async #writeDue(): Promise<void> {
    await this.#removeLeft();
    await this.#write([...this.#due()]);
  }

  /** Those whose lease runs out first: what others change, and however often, must not keep them from it. */
  #due(): Set<Connection> {
    const now = this.#options.clock.elapsed();
    const most = Math.max(BATCH, Math.ceil(this.#writtenAt.size / TURNS));
    const due = new Set<Connection>();
    for (const [connection, writtenAt] of this.#writtenAt) {
      if (now - writtenAt < REFRESH_MS || due.size >= most) break;
      due.add(connection);
    }
    for (const connection of this.#changed) {
      if (due.size >= most) break;
      due.add(connection);
    }
    return due;
  }

  async #removeLeft(): Promise<void> {
    const now = this.#options.clock.elapsed();
    for (const [connection, endedAt] of this.#left) {
      // By now it went by itself.
      if (now - endedAt > CONNECTION_LEASE_MS) this.#left.delete(connection);
    }
    const batch = [...this.#left.keys()].slice(0, BATCH);
    if (batch.length === 0) return;
    await this.#options.engine.registry.remove(batch);
    for (const connection of batch) this.#left.delete(connection);
  }

  async #write(connections: readonly Connection[]): Promise<void> {
    for (let start = 0; start < connections.length; start += BATCH) {
      // One that closed meanwhile must not come back.
      const batch = connections.slice(start, start + BATCH).filter((one) => this.#writtenAt.has(one));
      for (const connection of batch) this.#changed.delete(connection);
      try {
        await this.#options.engine.registry.refresh(batch.map(({ entry }) => entry));
      } catch (error) {
        for (const connection of batch) this.changed(connection);
        throw error;
      }
      const now = this.#options.clock.elapsed();
      for (const connection of batch)
        if (this.#writtenAt.delete(connection)) this.#writtenAt.set(connection, now);
    }
  }

  async #clearDead(): Promise<void> {
    const { engine, instance, log } = this.#options;
    if (this.#announced < STEADY) return;
    for (const dead of await engine.registry.dead()) {
      if (dead === instance().instanceId) continue;
      const connections = await engine.registry.clear(dead);
      log.warn('cleared what a dead instance left', { dead_instance_id: dead, connections });
    }
  }

  #attempt(owned: Owned, removal: Promise<void>): void {
    removal.catch((error: unknown) => {
      this.#warn('taking a connection out of the registry', error);
      this.#left.set(owned, this.#options.clock.elapsed());
    });
  }

  #warn(what: string, error: unknown): void {
    const level = error instanceof EngineUnavailable ? 'warn' : 'error';
    this.#options.log[level](`${what} failed`, { error: String(error) });
  }
}
