import type { Buffer } from 'node:buffer';
import { nextTick } from 'node:process';
import type { EngineOptions } from '../../core/limits.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../core/limits.ts';
import type { Appended, IdempotencyKey, NewEvent } from '../../core/ports/engine.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import { keys } from './keys.ts';
import { labelsOf, taskWordsOf } from './record.ts';
import { runScript, scripts } from './scripts.ts';
import { bySlot } from './slots.ts';

/** How many events one call appends, and how many characters of frames but for one event: it keeps Redis from everybody else. */
const MOST_A_CALL = 50;
const MOST_CHARACTERS_A_CALL = 128 * 1024;

/** An event that is on its way; `key` is what tells its cluster slot. */
type Waiting = {
  readonly key: string;
  readonly event: NewEvent;
  readonly idempotencyKey: IdempotencyKey;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
};

/**
 * Appends what comes in one turn of the event loop by few calls: of any users on one Redis, of a slot's in a cluster. Each
 * event still is a step of its own, in the order they came, and one that fails leaves the others be.
 */
export class Appends {
  readonly #redis: CommandClient;
  readonly #limits: Pick<EngineOptions, 'replayWindowMs' | 'maxReplayMessages'>;
  /** The words that every script begins with that may have to name a new epoch. */
  readonly #adoption: () => readonly (string | number)[];
  #waiting: Waiting[] = [];

  constructor(
    redis: CommandClient,
    limits: Pick<EngineOptions, 'replayWindowMs' | 'maxReplayMessages'>,
    adoption: () => readonly (string | number)[],
  ) {
    this.#redis = redis;
    this.#limits = limits;
    this.#adoption = adoption;
  }

  /** @throws EngineUnavailable */
  append(event: NewEvent, idempotencyKey: IdempotencyKey): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key: keys.meta(event.userId), event, idempotencyKey, resolve, reject });
      // Behind all promises that are settled by now, and before the client sends what this turn asked for.
      if (this.#waiting.length === 1) nextTick(() => this.#send());
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const group of bySlot(this.#redis, waiting)) {
      const batches = [...batchesOf(group)];
      // Were one of several sent a second time, for its script, those behind it could be there before it.
      for (const batch of batches) void this.#call(batch, batches.length > 1);
    }
  }

  /** Never rejects. */
  async #call(batch: readonly Waiting[], withText: boolean): Promise<void> {
    const { replayWindowMs, maxReplayMessages } = this.#limits;
    const publish = this.#redis.isCluster ? 'SPUBLISH' : 'PUBLISH';
    const keysOfAll: string[] = [];
    const words = [...this.#adoption(), replayWindowMs, maxReplayMessages, IDEMPOTENCY_WINDOW_MS, publish];
    for (const one of batch) {
      addKeys(one, keysOfAll);
      addWords(one, words);
    }
    try {
      const answers = await answered(
        runScript(this.#redis, scripts.append, { keys: keysOfAll, args: words, withText }),
      );
      for (const [index, one] of batch.entries()) settle(one, (answers as Buffer[])[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** What may go in one call, in the order they came. */
function* batchesOf(group: readonly Waiting[]): Generator<readonly Waiting[]> {
  let [start, characters] = [0, 0];
  for (const [index, { event }] of group.entries()) {
    const length = event.frame.head.length + event.frame.tail.length;
    if (index - start === MOST_A_CALL || (index > start && characters + length > MOST_CHARACTERS_A_CALL)) {
      yield group.slice(start, index);
      [start, characters] = [index, 0];
    }
    characters += length;
  }
  if (start < group.length) yield group.slice(start);
}

function addKeys({ key, event: { userId }, idempotencyKey }: Waiting, all: string[]): void {
  all.push(
    keys.stream(userId),
    key,
    keys.result(userId, idempotencyKey),
    keys.channel(userId),
    keys.progress(userId),
  );
}

function addWords({ event }: Waiting, all: (string | number)[]): void {
  const { userId, eventType, frame } = event;
  all.push(userId, eventType, labelsOf(event), frame.head, frame.tail, taskWordsOf(event));
}

function settle({ resolve, reject }: Waiting, answer: Buffer | undefined): void {
  const text = answer?.toString('latin1') ?? '!no answer';
  if (text.startsWith('!')) {
    reject(new EngineUnavailable(`Redis refused: ${text.slice(1)}`));
    return;
  }
  const [duplicate, epoch = '', sequence = ''] = text.split(' ');
  resolve({ epoch, sequenceId: sequence === '' ? null : Number(sequence), duplicate: duplicate === '1' });
}
