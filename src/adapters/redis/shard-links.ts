import calculateSlot from 'cluster-key-slot';
import type { Cluster } from 'ioredis';
import type { Cancel, Clock } from '../../core/ports/clock.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import { createShardLink } from './client.ts';
import type { ChannelListener, Channels } from './subscriber-link.ts';
import { LINK_DOWN, SubscriberLink } from './subscriber-link.ts';

/** How often links are checked and channels follow their slots, in ms. */
const LOOK_EVERY_MS = 1_000;

export type ShardLinksOptions = {
  readonly cluster: Cluster;
  readonly listener: ChannelListener;
  readonly clock: Clock;
  readonly log: Log;
};

/** A master of the cluster, as the client names it: `host:port`. */
type Node = string;

/** Where a channel is heard; null where it has yet to be subscribed to. One that is given up and wanted again has another. */
type Home = { node: Node | null };

/**
 * One subscriber link for each master of a cluster. A channel is heard where its slot is; when the slot moves, or a
 * replica takes over, the channel follows, and what was said meanwhile may have been missed.
 */
export class ShardLinks implements Channels {
  readonly #options: ShardLinksOptions;
  readonly #links = new Map<Node, SubscriberLink>();
  /** The home of each wanted channel. */
  readonly #homes = new Map<string, Home>();
  readonly #stop: Cancel;
  /** The master of each slot, as it was last told by the cluster. */
  #owners: readonly (Node | undefined)[] = [];
  #isLooking = false;
  #hasStood = false;
  #isClosed = false;

  constructor(options: ShardLinksOptions) {
    this.#options = options;
    const { clock, cluster } = options;
    cluster.on('refresh', () => {
      // A copy: where the client is told that one slot has moved, it takes all of the range for moved until it has asked.
      this.#owners = cluster.slots.map(([master]) => master);
    });
    cluster.on('ready', () => void this.#look());
    this.#stop = clock.every(LOOK_EVERY_MS, () => void this.#look());
  }

  /** Not before every master is heard; later, with some shards away, the users of the others are still served. */
  get isLive(): boolean {
    const links = [...this.#links.values()];
    return this.#hasStood && links.some((link) => link.isLive);
  }

  async subscribe(channel: string): Promise<void> {
    const node = this.#ownerOf(channel);
    const link = node === null ? undefined : this.#links.get(node);
    if (link === undefined) throw new EngineUnavailable(LINK_DOWN);
    const known = this.#homes.get(channel);
    const home = { node };
    this.#homes.set(channel, home);
    try {
      await link.subscribe(channel);
    } catch (error) {
      home.node = null;
      // Not where it was given up and wanted again meanwhile.
      if (known === undefined && this.#homes.get(channel) === home) this.#homes.delete(channel);
      // The answer may be that the slot has moved.
      this.#options.cluster.refreshSlotsCache();
      throw error;
    }
  }

  keep(channel: string): void {
    this.#homes.set(channel, { node: null });
  }

  async unsubscribe(channel: string): Promise<void> {
    const link = this.#linkOf(channel);
    this.#homes.delete(channel);
    await link?.unsubscribe(channel);
  }

  renew(channel: string): void {
    this.#linkOf(channel)?.renew();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  #ownerOf(channel: string): Node | null {
    return this.#owners[calculateSlot(channel)] ?? null;
  }

  /** The link that a channel is heard over. */
  #linkOf(channel: string): SubscriberLink | undefined {
    const node = this.#homes.get(channel)?.node ?? null;
    return node === null ? undefined : this.#links.get(node);
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    try {
      this.#followMasters();
      await Promise.all([...this.#links.values()].map((link) => link.check()));
      if (await this.#followSlots()) this.#options.listener.interrupted();
      this.#hasStood ||= this.#isWhole();
    } finally {
      this.#isLooking = false;
    }
  }

  #isWhole(): boolean {
    const links = [...this.#links.values()];
    const homes = [...this.#homes.values()];
    return links.length > 0 && links.every((link) => link.isLive) && homes.every(({ node }) => node !== null);
  }

  #followMasters(): void {
    const masters = new Set(this.#owners.flatMap((master) => master ?? []));
    for (const master of masters) {
      if (!this.#links.has(master)) this.#links.set(master, this.#newLink(master));
    }
    for (const [node, link] of this.#links) {
      if (masters.has(node)) continue;
      this.#links.delete(node);
      void link.close();
    }
  }

  #newLink(node: Node): SubscriberLink {
    const { cluster, listener, log } = this.#options;
    const redis = createShardLink(node, { cluster, log });
    const interrupted = () => {
      listener.interrupted();
      void this.#look();
    };
    const strayed = (channel: string) => {
      const home = this.#homes.get(channel);
      if (home?.node === node) home.node = null;
    };
    return new SubscriberLink({
      redis,
      isSharded: true,
      listener: { ...listener, interrupted },
      strayed,
      log,
    });
  }

  /** Tells whether a channel was moved. */
  async #followSlots(): Promise<boolean> {
    const astray = [...this.#homes].filter(
      ([channel, { node }]) => node === null || node !== this.#ownerOf(channel),
    );
    const moved = await Promise.all(astray.map(([channel, home]) => this.#move(channel, home)));
    return moved.includes(true);
  }

  async #move(channel: string, home: Home): Promise<boolean> {
    const owner = this.#ownerOf(channel);
    const link = owner === null ? undefined : this.#links.get(owner);
    if (link === undefined || !link.isLive) return false;
    // Nobody waits for this goodbye: its node may be the one that has gone.
    this.#linkOf(channel)
      ?.unsubscribe(channel)
      .catch(() => {});
    home.node = owner;
    try {
      await link.subscribe(channel);
      return true;
    } catch {
      // Looked at again the next time.
      home.node = null;
      return false;
    }
  }
}
