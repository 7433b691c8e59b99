import type { Buffer } from 'node:buffer';
import type { Redis } from 'ioredis';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import { answered, reasonOf } from './answered.ts';
import { closeLink } from './client.ts';

/** How many channels one SUBSCRIBE names after a reconnect. */
const RESUBSCRIBE_BATCH = 500;

export const LINK_DOWN = 'Redis: the subscriber link is down';

/** Told of what the channels say, and of every time that something said may have been missed. */
export type ChannelListener = { heard(channel: string, message: Buffer): void; interrupted(): void };

/** Channels that are heard, over one link or, in a cluster, over one for each shard. */
export type Channels = {
  /** Whether what is subscribed to is heard. */
  readonly isLive: boolean;
  /** Resolves once everything said from now on is heard. Rejects with `EngineUnavailable`. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Subscribes as soon as that is possible, for good. */
  keep(channel: string): void;
  /** Gives up the link of a channel, which is silent though its peer seems to be there; a new one is made at once. */
  renew(channel: string): void;
  close(): Promise<void>;
};

export type SubscriberLinkOptions = {
  readonly redis: Redis;
  /** Sharded channels are those of a cluster: SSUBSCRIBE in place of SUBSCRIBE. */
  readonly isSharded: boolean;
  readonly listener: ChannelListener;
  /** Told of sharded channels that the node turned away after it had them: their slot has moved. */
  readonly strayed?: (channel: string) => void;
  readonly log: Log;
};

/** `isLive` once every subscription stands on it. */
type Connected = { isLive: boolean };

/** One subscriber link: what it is subscribed to outlives it, and every new link is proven before it counts. */
export class SubscriberLink implements Channels {
  readonly #options: SubscriberLinkOptions;
  /** Channels that are wanted, each with the answer to its subscription. */
  readonly #wanted = new Map<string, Promise<unknown>>();
  /** The present link, null while there is none. What was begun on an earlier one no longer counts. */
  #connected: Connected | null = null;
  /** Redis took subscriptions away, and its client does not tell which. */
  #isRobbed = false;

  constructor(options: SubscriberLinkOptions) {
    this.#options = options;
    const { redis, isSharded, listener } = options;
    redis.on(isSharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, message: Buffer) => {
      const name = channel.toString('latin1');
      // A subscription that was given up may still be on its way out.
      if (this.#wanted.has(name)) listener.heard(name, message);
    });
    redis.on('ready', () => void this.#restore({ isLive: false }));
    redis.on('close', () => {
      this.#connected = null;
    });
    // A slot has left this node, and the subscriptions with it. It may be back before anybody looks.
    redis.on('moved', () => {
      this.#isRobbed = true;
    });
  }

  get isLive(): boolean {
    return this.#connected?.isLive ?? false;
  }

  async subscribe(channel: string): Promise<void> {
    if (!this.isLive) throw new EngineUnavailable(LINK_DOWN);
    await (this.#wanted.get(channel) ?? this.#want(channel));
  }

  keep(channel: string): void {
    if (this.isLive) this.#want(channel);
    else this.#wanted.set(channel, Promise.resolve());
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#wanted.delete(channel);
    const connected = this.#connected;
    if (connected === null) return;
    try {
      const { redis, isSharded } = this.#options;
      await answered(
        isSharded ? redis.sunsubscribe(channel).catch(unlessTurnedAway) : redis.unsubscribe(channel),
      );
    } catch (error) {
      // A link that went down took the subscription along, and the next one will not bring it back.
      if (connected === this.#connected) throw error;
    }
  }

  renew(): void {
    if (this.#connected === null) return;
    this.#connected = null;
    this.#options.redis.disconnect(true);
  }

  close(): Promise<void> {
    return closeLink(this.#options.redis);
  }

  /** Asks the peer for a sign of life, or for what it took, and renews the link where no answer comes. */
  async check(): Promise<void> {
    const connected = this.#connected;
    if (!this.isLive) return;
    try {
      if (this.#isRobbed) await this.#reclaim();
      else await this.#options.redis.ping();
    } catch {
      if (connected === this.#connected) this.renew();
    }
  }

  #want(channel: string): Promise<unknown> {
    const { redis, isSharded } = this.#options;
    const answer = answered(isSharded ? redis.ssubscribe(channel) : redis.subscribe(channel));
    this.#wanted.set(channel, answer);
    answer.catch(() => {
      // Not where it was given up and wanted again meanwhile.
      if (this.#wanted.get(channel) !== answer) return;
      // What was not answered may still be carried out; this comes behind it.
      this.unsubscribe(channel).catch(() => {});
    });
    return answer;
  }

  /** Asks for every subscription again; those that stand are not disturbed. */
  async #reclaim(): Promise<void> {
    this.#isRobbed = false;
    await this.#resubscribe();
    this.#options.listener.interrupted();
  }

  async #restore(connected: Connected): Promise<void> {
    this.#connected = connected;
    try {
      await this.#resubscribe();
    } catch (error) {
      if (connected !== this.#connected) return;
      this.#options.log.warn('resubscribing failed', { error: reasonOf(error) });
      this.renew();
    }
    if (connected !== this.#connected) return;
    connected.isLive = true;
    this.#options.listener.interrupted();
  }

  async #resubscribe(): Promise<void> {
    const channels = [...this.#wanted.keys()];
    for (let start = 0; start < channels.length; start += RESUBSCRIBE_BATCH) {
      // Not those that were given up while the batches before were waited for.
      const batch = channels.slice(start, start + RESUBSCRIBE_BATCH).filter((name) => this.#wanted.has(name));
      if (batch.length > 0) await this.#bringBack(batch);
    }
  }

  #bringBack(channels: readonly string[]): Promise<unknown> {
    const { redis, isSharded, strayed } = this.#options;
    if (!isSharded) return redis.subscribe(...channels);
    // One command names channels of one slot only, so each is a command of its own; the client sends them together.
    const answers = channels.map(async (channel) => {
      const wanted = this.#wanted.get(channel);
      try {
        await redis.ssubscribe(channel);
      } catch (error) {
        unlessTurnedAway(error);
        if (this.#wanted.get(channel) !== wanted) return;
        this.#wanted.delete(channel);
        strayed?.(channel);
      }
    });
    return Promise.all(answers);
  }
}

/** What a node says of a slot that it does not, or at present cannot, serve. Anything else is thrown on. */
function unlessTurnedAway(error: unknown): void {
  if (!(error instanceof Error && /^(MOVED|CLUSTERDOWN) /.test(error.message))) throw error;
}
