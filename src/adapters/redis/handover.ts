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

/** The subscriber link: what it is subscribed to outlives the link, and every new link is proven before it counts. */
export class RedisHandover implements Handover {
  readonly #redis: Redis;
  readonly #log: Log;
  readonly #users = new Set<string>();
  readonly #probeChannel: string;
  #listener: HandoverListener | null = null;
  #probed: ((nonce: string) => void) | null = null;
  #live = false;

  constructor(redis: Redis, options: { instanceId: string; log: Log }) {
    this.#redis = redis;
    this.#log = options.log;
    this.#probeChannel = keys.probe(options.instanceId);
    redis.on('messageBuffer', (channel: Buffer, message: Buffer) =>
      this.#receive(channel.toString('latin1'), message),
    );
    redis.on('ready', () => void this.#restore());
    redis.on('close', () => {
      this.#live = false;
    });
  }

  /** Whether every subscription stands on the present link. */
  get live(): boolean {
    return this.#live;
  }

  listen(listener: HandoverListener): void {
    this.#listener = listener;
  }

  /** Told of every probe that arrives. */
  onProbe(heard: (nonce: string) => void): void {
    this.#probed = heard;
  }

  async subscribe(userId: string): Promise<void> {
    if (!this.#live) throw new EngineUnavailable('Redis: the subscriber link is down');
    this.#users.add(userId);
    try {
      await answered(this.#redis.subscribe(keys.channel(userId)));
    } catch (error) {
      this.#users.delete(userId);
      throw error;
    }
  }

  async unsubscribe(userId: string): Promise<void> {
    this.#users.delete(userId);
    // A link that is down has no subscription to take back, and the next one will not bring it back.
    if (this.#live) await answered(this.#redis.unsubscribe(keys.channel(userId)));
  }

  /** Gives the link up; a new one is made at once. For a link that is silent though its peer seems to be there. */
  renew(): void {
    this.#live = false;
    this.#redis.disconnect(true);
  }

  async #restore(): Promise<void> {
    const channels = [this.#probeChannel, ...[...this.#users].map(keys.channel)];
    try {
      for (let start = 0; start < channels.length; start += RESUBSCRIBE_BATCH) {
        await this.#redis.subscribe(...channels.slice(start, start + RESUBSCRIBE_BATCH));
      }
      this.#live = true;
      this.#listener?.interrupted();
    } catch (error) {
      this.#log.warn('resubscribing failed', { error: String(error) });
      this.renew();
    }
  }

  #receive(channel: string, message: Buffer): void {
    if (channel === this.#probeChannel) {
      this.#probed?.(message.toString('latin1'));
      return;
    }
    const record = decodeRecord(message);
    if (record !== null) this.#listener?.received(userOfChannel(channel), record);
    else this.#log.warn('a hand-over could not be read', { channel });
  }
}
