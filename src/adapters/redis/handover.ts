import type { Buffer } from 'node:buffer';
import type { Handover, HandoverListener } from '../../core/ports/engine.ts';
import type { Log } from '../../core/ports/log.ts';
import { keys, userOfChannel } from './keys.ts';
import { decodeRecord } from './record.ts';
import type { ChannelListener, Channels } from './subscriber-link.ts';

/** Hand-overs as messages of a channel for each user. */
export class RedisHandover implements Handover {
  readonly #channels: Channels;
  readonly #log: Log;
  readonly #probeChannel: string;
  #listener: HandoverListener | null = null;
  #probed: ((nonce: string) => void) | null = null;

  constructor(options: { instanceId: string; log: Log; connect(listener: ChannelListener): Channels }) {
    this.#log = options.log;
    this.#probeChannel = keys.probe(options.instanceId);
    this.#channels = options.connect({
      heard: (channel, message) => this.#receive(channel, message),
      interrupted: () => this.#listener?.interrupted(),
    });
    this.#channels.keep(this.#probeChannel);
  }

  /** Whether every subscription stands. */
  get isLive(): boolean {
    return this.#channels.isLive;
  }

  listen(listener: HandoverListener): void {
    this.#listener = listener;
  }

  /** Told of every probe that arrives. */
  onProbe(heard: (nonce: string) => void): void {
    this.#probed = heard;
  }

  subscribe(userId: string): Promise<void> {
    return this.#channels.subscribe(keys.channel(userId));
  }

  unsubscribe(userId: string): Promise<void> {
    return this.#channels.unsubscribe(keys.channel(userId));
  }

  /** Gives up the link that the probe should have come over. */
  renew(): void {
    this.#channels.renew(this.#probeChannel);
  }

  close(): Promise<void> {
    return this.#channels.close();
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
