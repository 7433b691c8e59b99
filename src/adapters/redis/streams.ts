import type { Buffer } from 'node:buffer';
import type { EngineOptions } from '../../core/limits.ts';
import { CLAIM_MS, PAGE_BYTES, STREAM_MEMORY_MS } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Appended,
  IdempotencyKey,
  NewEvent,
  Opened,
  Page,
  Position,
  Streams,
} from '../../core/ports/engine.ts';
import { EPOCH_SKIP_PER_MS, MIN_EPOCH_SKIP } from '../../core/ports/engine.ts';
import type { Random } from '../../core/ports/random.ts';
import { answered } from './answered.ts';
import { Appends } from './appends.ts';
import type { CommandClient } from './client.ts';
import { keys } from './keys.ts';
import { decodeRecords } from './record.ts';
import { runScript, scripts } from './scripts.ts';

/** How many streams one batch of `ends` asks about. */
const ENDS_BATCH = 500;

/** How often streams whose end is asked for are kept from being forgotten: someone follows them. */
const TOUCH_EVERY_MS = 3_600_000;

type StreamsOptions = EngineOptions & { readonly clock: Clock; readonly random: Random };

export class RedisStreams implements Streams {
  readonly #redis: CommandClient;
  readonly #options: StreamsOptions;
  readonly #name: string;
  readonly #appends: Appends;
  #epochs = 0;
  #touchedAt = Number.NEGATIVE_INFINITY;

  constructor(redis: CommandClient, options: StreamsOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#name = options.random.id();
    this.#appends = new Appends(redis, options, () => this.#adoption());
  }

  async claim(key: Omit<IdempotencyKey, 'item'>, bodyHash: string): Promise<'claimed' | 'conflict'> {
    const call = { keys: [keys.claim(key)], args: [bodyHash, CLAIM_MS] };
    return (await answered(runScript(this.#redis, scripts.claim, call))) === 1 ? 'claimed' : 'conflict';
  }

  append(event: NewEvent, key: IdempotencyKey): Promise<Appended> {
    return this.#appends.append(event, key);
  }

  async open(userId: string): Promise<Opened> {
    const { tail, records } = await this.#page(userId, { after: 0, events: 0 });
    return { ...tail, running: records };
  }

  read(userId: string, afterSequenceId: number): Promise<Page> {
    return this.#page(userId, { after: afterSequenceId, events: this.#options.pageEvents });
  }

  async ends(userIds: readonly string[]): Promise<readonly (Position | null | undefined)[]> {
    const now = this.#options.clock.elapsed();
    const isTouchDue = now - this.#touchedAt >= TOUCH_EVERY_MS;
    if (isTouchDue) this.#touchedAt = now;
    const ends: (Position | null | undefined)[] = [];
    for (let start = 0; start < userIds.length; start += ENDS_BATCH) {
      const asked = userIds.slice(start, start + ENDS_BATCH).map((userId) => this.#end(userId, isTouchDue));
      const answers = await Promise.allSettled(asked);
      // Of a cluster, some masters may be away; of one Redis, all or nothing.
      if (answers.every(({ status }) => status === 'rejected')) await answered(Promise.all(asked));
      ends.push(...answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined)));
    }
    return ends;
  }

  // The client sends what one turn asks for in one pipeline.
  async #end(userId: string, touch: boolean): Promise<Position | null> {
    const meta = keys.meta(userId);
    const [[epoch, sequence]] = await Promise.all([
      this.#redis.hmget(meta, 'epoch', 'sequence_id'),
      touch ? this.#redis.pexpire(meta, STREAM_MEMORY_MS) : null,
    ]);
    return epoch && sequence ? { epoch, sequenceId: Number(sequence) } : null;
  }

  async #page(userId: string, { after, events }: { after: number; events: number }): Promise<Page> {
    const answer = await answered(
      runScript(this.#redis, scripts.read, {
        keys: [keys.stream(userId), keys.meta(userId), keys.progress(userId)],
        args: [...this.#adoption(), this.#options.replayWindowMs, after, events, PAGE_BYTES],
      }),
    );
    return pageOf(answer as Buffer[]);
  }

  // Every call offers an epoch of its own, and hardly one is ever taken: so chance is asked once, not each time.
  #adoption(): [candidate: string, skipPerMs: number, minSkip: number, memoryMs: number] {
    this.#epochs++;
    return [
      `${this.#name}-${this.#epochs.toString(36)}`,
      EPOCH_SKIP_PER_MS,
      MIN_EPOCH_SKIP,
      STREAM_MEMORY_MS,
    ];
  }
}

/** How many words of a read's answer tell the tail; behind them are the events. */
const TAIL_WORDS = 7;

function pageOf(answer: readonly Buffer[]): Page {
  const words = answer.slice(0, TAIL_WORDS).map((word) => word.toString('latin1'));
  const [epoch = '', newest, first, previousEpoch, previousEnd, trimmedTo, oldest] = words;
  const events = answer[TAIL_WORDS];
  return {
    tail: {
      epoch,
      sequenceId: Number(newest),
      firstOfEpoch: Number(first),
      previous: previousEpoch ? { epoch: previousEpoch, sequenceId: Number(previousEnd) } : null,
      trimmedTo: Number(trimmedTo),
      oldest: Number(oldest),
    },
    records: events === undefined ? [] : decodeRecords(events),
  };
}
