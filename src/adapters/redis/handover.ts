import type { Buffer } from 'node:buffer';
import type { Redis } from 'ioredis';
import type { Handover, HandoverListener } from '../../core/ports/engine.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import { answered } from './client.ts';
import { keys, userOfChannel } from './keys.ts';
import { decodeRecord } from './record.ts';

/** How many channels one SUBSCRIBE names after a reconnect. */
const RESUBSCRIBE_BATCH = 500;

export const LINK_DOWN = 'Redis: the subscriber link is down';

/** `isLive` once every subscription stands on it. */
type Link = { isLive: boolean };

/** The subscriber link: what it is subscribed to outlives the link, and every new link is proven before it counts. */
export class RedisHandover implements Handover {
  readonly #redis: Redis;
  readonly #log: Log;
  readonly #probeChannel: string;
  /** Users that are wanted, each with the answer to its subscription. */
  readonly #wanted = new Map<string, Promise<unknown>>();
  #listener: HandoverListener | null = null;
  #probed: ((nonce: string) => void) | null = null;
  /** The present link, null while there is none. What was begun on an earlier one no longer counts. */
  #link: Link | null = null;

  constructor(redis: Redis, options: { instanceId: string; log: Log }) {
    this.#redis = redis;
    this.#log = options.log;
    this.#probeChannel = keys.probe(options.instanceId);
    redis.on('messageBuffer', (channel: Buffer, message: Buffer) =>
      this.#receive(channel.toString('latin1'), message),
    );
    redis.on('ready', () => void this.#restore({ isLive: false }));
    redis.on('close', () => {
      this.#link = null;
    });
  }

  /** Whether every subscription stands on the present link. */
  get isLive(): boolean {
    return this.#link?.isLive ?? false;
  }

  listen(listener: HandoverListener): void {
    this.#listener = listener;
  }

  /** Told of every probe that arrives. */
  onProbe(heard: (nonce: string) => void): void {
    this.#probed = heard;
  }

  async subscribe(userId: string): Promise<void> {
    if (!this.isLive) throw new EngineUnavailable(LINK_DOWN);
    await (this.#wanted.get(userId) ?? this.#want(userId));
  }

  async unsubscribe(userId: string): Promise<void> {
    this.#wanted.delete(userId);
    const link = this.#link;
    if (link === null) return;
    try {
      await answered(this.#redis.unsubscribe(keys.channel(userId)));
    } catch (error) {
      // A link that went down took the subscription along, and the next one will not bring it back.
      if (link === this.#link) throw error;
    }
  }

  /** Gives up a link that is silent though its peer seems to be there; a new one is made at once. */
  renew(): void {
    if (this.#link === null) return;
    this.#link = null;
    this.#redis.disconnect(true);
  }

  #want(userId: string): Promise<unknown> {
    const answer = answered(this.#redis.subscribe(keys.channel(userId)));
    this.#wanted.set(userId, answer);
    answer.catch(() => {
      // Not where the user was given up and wanted again meanwhile.
      if (this.#wanted.get(userId) === answer) this.#wanted.delete(userId);
    });
    return answer;
  }

  async #restore(link: Link): Promise<void> {
    this.#link = link;
    try {
      await this.#resubscribe();
    } catch (error) {
      if (link !== this.#link) return;
      this.#log.warn('resubscribing failed', { error: String(error) });
      this.renew();
    }
    if (link !== this.#link) return;
    link.isLive = true;
    this.#listener?.interrupted();
  }

  async #resubscribe(): Promise<void> {
    await this.#redis.subscribe(this.#probeChannel);
    const users = [...this.#wanted.keys()];
    for (let start = 0; start < users.length; start += RESUBSCRIBE_BATCH) {
      // Not those that were given up while the batches before were waited for.
      const batch = users.slice(start, start + RESUBSCRIBE_BATCH).filter((user) => this.#wanted.has(user));
      if (batch.length > 0) await this.#redis.subscribe(...batch.map(keys.channel));
    }
  }

  #receive(channel: string, message: Buffer): void {
    if (channel === this.#probeChannel) {
      this.#probed?.(message.toString('latin1'));
      return;
    }
    const userId = userOfChannel(channel);
    // A subscription that was given up may still be on its way out.
    if (!this.#wanted.has(userId)) return;
    const record = decodeRecord(message);
    if (record !== null) this.#listener?.received(userId, record);
    else this.#log.warn('a hand-over could not be read', { channel });
  }
}
