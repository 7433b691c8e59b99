import type { EngineOptions } from '../../core/limits.ts';
import { CLAIM_MS, IDEMPOTENCY_WINDOW_MS, PAGE_BYTES, STREAM_MEMORY_MS } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Appended,
  EventRecord,
  IdempotencyKey,
  NewEvent,
  Page,
  Position,
  Streams,
  Tail,
} from '../../core/ports/engine.ts';
import type { Random } from '../../core/ports/random.ts';
import type { MemoryStore, MemoryStream } from './store.ts';
import { dropExpired, putExpiring } from './store.ts';

const utf8 = new TextEncoder();

/** Streams in memory: the same steps as `append.lua` and `read.lua`, atomic because nothing here waits. */
export class MemoryStreams implements Streams {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: EngineOptions;

  constructor(store: MemoryStore, options: EngineOptions & { clock: Clock; random: Random }) {
    this.#store = store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#options = options;
  }

  async claim(key: Omit<IdempotencyKey, 'item'>, bodyHash: string): Promise<'claimed' | 'conflict'> {
    const now = this.#clock.elapsed();
    const { claims } = this.#store;
    dropExpired(claims, now);
    const name = `${key.service} ${key.id}`;
    const known = claims.get(name);
    if (known !== undefined && known.value !== bodyHash) return 'conflict';
    // Renewed: the binding has to outlive every result that is stored under it.
    putExpiring(claims, name, { value: bodyHash, expiresAt: now + CLAIM_MS });
    return 'claimed';
  }

  async append(event: NewEvent, key: IdempotencyKey): Promise<Appended> {
    const now = this.#clock.elapsed();
    const { results } = this.#store;
    dropExpired(results, now);
    const name = `${event.userId} ${key.service} ${key.item} ${key.id}`;
    const known = results.get(name);
    if (known !== undefined) return { ...known.value, duplicate: true };
    const stream = this.#adopt(event.userId, now);
    const sequenceId = event.ephemeral ? null : stream.newest + 1;
    const record = recordOf(event, stream.epoch, sequenceId);
    if (sequenceId !== null) {
      stream.newest = sequenceId;
      stream.log.push({ record, sequenceId, at: now });
      this.#trim(stream, now);
    }
    const appended = { sequenceId, epoch: stream.epoch, duplicate: false };
    results.set(name, { value: appended, expiresAt: now + IDEMPOTENCY_WINDOW_MS });
    for (const listener of this.#store.subscriptions.get(event.userId) ?? []) {
      listener.received(event.userId, record);
    }
    return appended;
  }

  async open(userId: string): Promise<Tail> {
    const now = this.#clock.elapsed();
    const stream = this.#adopt(userId, now);
    this.#trim(stream, now);
    return tailOf(stream);
  }

  async read(userId: string, afterSequenceId: number): Promise<Page> {
    const now = this.#clock.elapsed();
    const stream = this.#adopt(userId, now);
    this.#trim(stream, now);
    return { tail: tailOf(stream), records: pageOf(stream, afterSequenceId, this.#options.pageEvents) };
  }

  async ends(userIds: readonly string[]): Promise<readonly (Position | null)[]> {
    return userIds.map((userId) => {
      const stream = this.#store.streams.get(userId);
      if (stream === undefined) return null;
      stream.touchedAt = this.#clock.elapsed();
      return { epoch: stream.epoch, sequenceId: stream.newest };
    });
  }

  /** Forgets what has expired and nobody asks about. */
  sweep(): void {
    const now = this.#clock.elapsed();
    dropExpired(this.#store.claims, now);
    dropExpired(this.#store.results, now);
    for (const [userId, stream] of this.#store.streams) {
      this.#trim(stream, now);
      if (stream.touchedAt + STREAM_MEMORY_MS <= now) this.#store.streams.delete(userId);
    }
  }

  #adopt(userId: string, now: number): MemoryStream {
    let stream = this.#store.streams.get(userId);
    if (stream === undefined) {
      stream = { epoch: this.#random.id(), newest: 0, trimmedTo: 0, log: [], touchedAt: now };
      this.#store.streams.set(userId, stream);
    }
    stream.touchedAt = now;
    return stream;
  }

  #trim(stream: MemoryStream, now: number): void {
    const { log } = stream;
    const tooMany = log.length - this.#options.maxReplayMessages;
    const lastTooMany = log[tooMany - 1];
    if (lastTooMany !== undefined) stream.trimmedTo = lastTooMany.sequenceId;
    let gone = Math.max(0, tooMany);
    for (; gone < log.length; gone++) {
      const entry = log[gone];
      if (entry === undefined || entry.at > now - this.#options.replayWindowMs) break;
    }
    if (gone > 0) log.splice(0, gone);
  }
}

function recordOf(event: NewEvent, epoch: string, sequenceId: number | null): EventRecord {
  const { agentId, projectId, eventType, priority, taskId, frame } = event;
  const position = sequenceId === null ? null : { epoch, sequenceId };
  return {
    header: { agentId, projectId, eventType, priority, taskId, position },
    frame: utf8.encode(`${frame.head}${sequenceId ?? ''}${frame.tail}`),
  };
}

function tailOf({ epoch, newest, trimmedTo, log }: MemoryStream): Tail {
  const oldest = log[0]?.sequenceId ?? newest + 1;
  // Nothing is ever lost but all of it, so that an epoch begins at 1 and has none before it.
  return { epoch, sequenceId: newest, firstOfEpoch: 1, previous: null, oldest, trimmedTo };
}

function pageOf({ log }: MemoryStream, afterSequenceId: number, most: number): EventRecord[] {
  const records: EventRecord[] = [];
  let bytes = 0;
  const start = Math.max(0, afterSequenceId + 1 - (log[0]?.sequenceId ?? 0));
  for (const { record } of log.slice(start, start + most)) {
    bytes += record.frame.length;
    if (bytes > PAGE_BYTES && records.length > 0) break;
    records.push(record);
  }
  return records;
}
