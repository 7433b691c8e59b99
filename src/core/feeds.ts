import { Feed } from './feed.ts';
import type { Engine, EventRecord, Position } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import { further } from './position.ts';
import { Slots } from './slots.ts';

/** How many pages of logs are read at a time, over all connections of the instance. */
const CONCURRENT_READS = 64;

type Entry = { users: number; readonly feed: Promise<Feed>; ready: Feed | null; heard: Position | null };

/** The feeds of this instance: one per user with a connection here, subscribed for as long as there is one. */
export class Feeds {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Slots(CONCURRENT_READS);

  constructor(engine: Engine, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Every feed that is up. */
  all(): Feed[] {
    return [...this.#entries.values()].flatMap(({ ready }) => ready ?? []);
  }

  /**
   * The feed of a user, for one connection; each is to be given back once.
   * @throws EngineUnavailable
   */
  async acquire(userId: string): Promise<Feed> {
    const entry = this.#entries.get(userId) ?? this.#create(userId);
    entry.users++;
    try {
      return await entry.feed;
    } catch (error) {
      this.#giveBack(userId, entry);
      throw error;
    }
  }

  release(userId: string): void {
    const entry = this.#entries.get(userId);
    if (entry !== undefined) this.#giveBack(userId, entry);
  }

  /** An event was handed over to this instance. */
  receive(userId: string, record: EventRecord): void {
    const entry = this.#entries.get(userId);
    if (entry === undefined) return;
    const { position } = record.header;
    if (entry.ready !== null) entry.ready.receive(record);
    else if (position !== null) entry.heard = further(entry.heard, position);
  }

  #create(userId: string): Entry {
    const entry: Entry = { users: 0, feed: this.#open(userId), ready: null, heard: null };
    this.#entries.set(userId, entry);
    entry.feed.then(
      (feed) => {
        entry.ready = feed;
        // What came between the subscription and the tail may lie beyond it.
        if (entry.heard !== null) feed.advance(entry.heard);
      },
      () => {},
    );
    return entry;
  }

  /** Subscribes before it asks for the tail, so that nothing falls between the two. */
  async #open(userId: string): Promise<Feed> {
    await this.#engine.handover.subscribe(userId);
    const end = await this.#engine.streams.open(userId);
    return new Feed(userId, { engine: this.#engine, slots: this.#slots, end });
  }

  #giveBack(userId: string, entry: Entry): void {
    entry.users--;
    if (entry.users > 0 || this.#entries.get(userId) !== entry) return;
    this.#entries.delete(userId);
    this.#engine.handover.unsubscribe(userId).catch((error: unknown) => {
      this.#log.warn('unsubscribing failed', { user_id: userId, error: String(error) });
    });
  }
}
