import { atLeast } from '../at-least.ts';
import type { ClientClock } from '../clock.ts';
import { realClock, Timer } from '../clock.ts';
import type { PublishedEvent } from '../events.ts';
import type { Entry, Published } from './batch.ts';
import { batchSize, fits, MOST_BYTES } from './batch.ts';
import { PublishError } from './publish-error.ts';
import type { SendingOptions } from './sending.ts';
import { send } from './sending.ts';
import { createSigner } from './signing.ts';

export type PublisherOptions = {
  /** `https://host`, or with a path before `/api/v1/…`. */
  readonly url: string | URL;
  /** The name of the key, as in INTERNAL_SERVICE_KEYS. */
  readonly service: string;
  /** `whsec_` followed by base64. */
  readonly key: string;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** How long an event waits for others to go with, in ms. Default 5. */
  readonly gatherMs?: number;
  /** How many events may be without their answer. Default 10,000. */
  readonly maxQueued?: number;
  /** How many bytes of JSON they may have. Default 16 MiB. */
  readonly maxQueuedBytes?: number;
  /** How long a request is repeated, in ms, at most 9 minutes: the server knows it again for 10. Default 60,000. */
  readonly giveUpAfterMs?: number;
  /** How long one attempt may take, in ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** For tests. */
  readonly clock?: ClientClock;
  /** For tests: from 0 up to, not including, 1. */
  readonly random?: () => number;
};

const PATH = 'api/v1/internal/ws/publish/batch';
const LONGEST_GIVE_UP_MS = 540_000;
const utf8 = new TextEncoder();

/** A worker's way to publish. Events go in the order in which they came, one request at a time. */
export class Publisher {
  readonly #sending: SendingOptions;
  readonly #gatherMs: number;
  readonly #maxQueued: number;
  readonly #maxQueuedBytes: number;
  readonly #gathering: Timer;
  #queue: Entry[] = [];
  /** Of all that have no answer. */
  readonly #answers = new Set<Promise<unknown>>();
  #bytes = 0;
  #isSending = false;
  #isClosed = false;

  /** @throws TypeError where an option is not usable */
  constructor(options: PublisherOptions) {
    const { clock = realClock, giveUpAfterMs = 60_000, timeoutMs = 10_000 } = options;
    const { gatherMs = 5, maxQueued = 10_000, maxQueuedBytes = 16 * MOST_BYTES } = options;
    if (!(giveUpAfterMs > 0 && giveUpAfterMs <= LONGEST_GIVE_UP_MS))
      throw new TypeError(`giveUpAfterMs: got ${giveUpAfterMs}, wanted up to ${LONGEST_GIVE_UP_MS}`);
    this.#sending = {
      address: batchAddress(options.url),
      sign: createSigner(options),
      fetch: options.fetch ?? globalThis.fetch,
      clock,
      random: options.random ?? Math.random,
      giveUpAfterMs,
      timeoutMs: atLeast(1, { timeoutMs }),
    };
    this.#gatherMs = atLeast(0, { gatherMs });
    this.#maxQueued = atLeast(1, { maxQueued });
    this.#maxQueuedBytes = atLeast(1, { maxQueuedBytes });
    this.#gathering = new Timer(clock);
  }

  /** Events that have no answer yet. */
  get queued(): number {
    return this.#answers.size;
  }

  /**
   * Publishes one event (contract §5); resolves once it is in the stream, and handed over.
   * Rejects with a PublishError; only where that says `mayBePublished` may the event have been. With a TypeError where it is no JSON.
   */
  async publish(event: PublishedEvent): Promise<Published> {
    // Of a function, say, there is no JSON: it would break the request of all that go with it.
    const json = JSON.stringify(event) as string | undefined;
    if (json === undefined) throw new TypeError(`got ${typeof event}, wanted an event`);
    const bytes = utf8.encode(json).length;
    this.#check(bytes);
    const answer = new Promise<Published>((resolve, reject) => {
      this.#queue.push({ json, bytes, resolve, reject });
    });
    this.#answers.add(answer);
    this.#bytes += bytes;
    if (!this.#isSending && !this.#gathering.isSet) {
      this.#gathering.set(this.#gatherMs, () => void this.#send());
    }
    return answer.finally(() => {
      this.#answers.delete(answer);
      this.#bytes -= bytes;
    });
  }

  /** Sends what waits; resolves once all that was published before has its answer, good or bad. */
  async flush(): Promise<void> {
    const answers = [...this.#answers];
    this.#gathering.stop();
    void this.#send();
    await Promise.allSettled(answers);
  }

  /** Takes nothing more, and flushes: within `giveUpAfterMs` for each request that waits. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.flush();
  }

  #check(bytes: number): void {
    if (this.#isClosed) throw new PublishError('closed', 'the publisher is closed');
    if (!fits(bytes))
      throw new PublishError('too_large', `got an event of ${bytes} bytes, wanted less than ${MOST_BYTES}`);
    if (this.#answers.size < this.#maxQueued && this.#bytes + bytes <= this.#maxQueuedBytes) return;
    const waiting = `${this.#answers.size} events, ${this.#bytes} bytes`;
    throw new PublishError('queue_full', `too many events have no answer yet: ${waiting}`);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#queue.length > 0) {
      const entries = this.#queue.splice(0, batchSize(this.#queue));
      const left = await send(entries, crypto.randomUUID(), this.#sending);
      this.#queue.unshift(...left);
    }
    this.#isSending = false;
  }
}

/** @throws TypeError where it is no address of http or https */
export function batchAddress(url: string | URL): string {
  try {
    const { origin, pathname, protocol } = new URL(url);
    if (protocol === 'http:' || protocol === 'https:')
      return `${origin}${pathname.endsWith('/') ? pathname : `${pathname}/`}${PATH}`;
  } catch {
    // The same as another scheme.
  }
  throw new TypeError('url: wanted an address such as https://example.com');
}
