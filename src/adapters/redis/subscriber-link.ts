import type { Buffer } from 'node:buffer';
import type { Redis } from 'ioredis';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import { answered, closeLink } from './client.ts';

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
      await answered(isSharded ? redis.sunsubscribe(channel) : redis.unsubscribe(channel));
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

  /** Asks the peer for a sign of life, and renews the link where none comes. */
  async check(): Promise<void> {
    const connected = this.#connected;
    if (!this.isLive) return;
    try {
      await this.#options.redis.ping();
    } catch {
      if (connected === this.#connected) this.renew();
    }
  }

  #want(channel: string): Promise<unknown> {
    const answer = answered(this.#subscribe([channel]));
    this.#wanted.set(channel, answer);
    answer.catch(() => {
      // Not where it was given up and wanted again meanwhile.
      if (this.#wanted.get(channel) === answer) this.#wanted.delete(channel);
    });
    return answer;
  }

  #subscribe(channels: readonly string[]): Promise<unknown> {
    const { redis, isSharded } = this.#options;
    // One command names channels of one slot only, so each is a command of its own; the client sends them together.
    if (isSharded) return Promise.all(channels.map((channel) => redis.ssubscribe(channel)));
    return redis.subscribe(...channels);
  }

  async #restore(connected: Connected): Promise<void> {
    this.#connected = connected;
    try {
      await this.#resubscribe();
    } catch (error) {
      if (connected !== this.#connected) return;
      this.#options.log.warn('resubscribing failed', { error: String(error) });
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
      if (batch.length > 0) await this.#subscribe(batch);
    }
  }
}
