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

/**
 * One subscriber link for each master of a cluster. A channel is heard where its slot is; when the slot moves, or a
 * replica takes over, the channel follows, and what was said meanwhile may have been missed.
 */
export class ShardLinks implements Channels {
  readonly #options: ShardLinksOptions;
  readonly #links = new Map<Node, SubscriberLink>();
  /** Where each wanted channel is heard; null where it has yet to be subscribed to. */
  readonly #homes = new Map<string, Node | null>();
  readonly #stop: Cancel;
  #isLooking = false;
  #hasStood = false;

  constructor(options: ShardLinksOptions) {
    this.#options = options;
    options.cluster.on('ready', () => void this.#look());
    this.#stop = options.clock.every(LOOK_EVERY_MS, () => void this.#look());
  }

  /** Not before every master is heard; later, with some shards away, the users of the others are still served. */
  get isLive(): boolean {
    const links = [...this.#links.values()];
    return this.#hasStood && links.some((link) => link.isLive);
  }

  async subscribe(channel: string): Promise<void> {
    const node = this.#ownerOf(channel);
    if (node === null) throw new EngineUnavailable(LINK_DOWN);
    const wasWanted = this.#homes.has(channel);
    this.#homes.set(channel, node);
    try {
      await this.#link(node).subscribe(channel);
    } catch (error) {
      if (!wasWanted) this.#homes.delete(channel);
      // The answer may be that the slot has moved.
      this.#options.cluster.refreshSlotsCache();
      throw error;
    }
  }

  keep(channel: string): void {
    this.#homes.set(channel, null);
  }

  async unsubscribe(channel: string): Promise<void> {
    const home = this.#homes.get(channel) ?? null;
    this.#homes.delete(channel);
    if (home !== null) await this.#links.get(home)?.unsubscribe(channel);
  }

  renew(channel: string): void {
    const home = this.#homes.get(channel) ?? null;
    if (home !== null) this.#links.get(home)?.renew();
  }

  async close(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  #ownerOf(channel: string): Node | null {
    return this.#options.cluster.slots[calculateSlot(channel)]?.[0] ?? null;
  }

  #link(node: Node): SubscriberLink {
    const known = this.#links.get(node);
    if (known !== undefined) return known;
    const { cluster, listener, log } = this.#options;
    const redis = createShardLink(node, { cluster, log });
    const interrupted = () => {
      listener.interrupted();
      void this.#look();
    };
    const link = new SubscriberLink({ redis, isSharded: true, listener: { ...listener, interrupted }, log });
    this.#links.set(node, link);
    return link;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
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
    return (
      links.length > 0 && links.every((link) => link.isLive) && ![...this.#homes.values()].includes(null)
    );
  }

  #followMasters(): void {
    const masters = new Set(this.#options.cluster.slots.flatMap(([master]) => master ?? []));
    for (const master of masters) this.#link(master);
    for (const [node, link] of this.#links) {
      if (masters.has(node)) continue;
      this.#links.delete(node);
      void link.close();
    }
  }

  /** Tells whether a channel was moved. */
  async #followSlots(): Promise<boolean> {
    const astray = [...this.#homes].filter(
      ([channel, home]) => home === null || home !== this.#ownerOf(channel),
    );
    const moved = await Promise.all(astray.map(([channel, home]) => this.#move(channel, home)));
    return moved.includes(true);
  }

  async #move(channel: string, home: Node | null): Promise<boolean> {
    const owner = this.#ownerOf(channel);
    if (owner === null || !this.#link(owner).isLive) return false;
    try {
      if (home !== null) await this.#links.get(home)?.unsubscribe(channel);
      // It may have been given up meanwhile.
      if (!this.#homes.has(channel)) return false;
      this.#homes.set(channel, owner);
      await this.#link(owner).subscribe(channel);
      if (!this.#homes.has(channel)) await this.#link(owner).unsubscribe(channel);
      return true;
    } catch {
      // Looked at again the next time.
      if (this.#homes.has(channel)) this.#homes.set(channel, null);
      return false;
    }
  }
}
