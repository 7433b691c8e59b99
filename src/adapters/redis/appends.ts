import type { Buffer } from 'node:buffer';
import { nextTick } from 'node:process';
import type { EngineOptions } from '../../core/limits.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../core/limits.ts';
import type { Appended, IdempotencyKey, NewEvent } from '../../core/ports/engine.ts';
import { EngineUnavailable } from '../../core/ports/engine.ts';
import type { CommandClient } from './client.ts';
import { answered } from './client.ts';
import { keys } from './keys.ts';
import { labelsOf, taskWordsOf } from './record.ts';
import { runScript, scripts } from './scripts.ts';
import { bySlot } from './slots.ts';

/** How many events one call appends: it keeps Redis from everybody else for some 30 µs each. */
const MOST_A_CALL = 50;

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
      for (let start = 0; start < group.length; start += MOST_A_CALL) {
        void this.#call(group.slice(start, start + MOST_A_CALL));
      }
    }
  }

  /** Never rejects. */
  async #call(batch: readonly Waiting[]): Promise<void> {
    const { replayWindowMs, maxReplayMessages } = this.#limits;
    const publish = this.#redis.isCluster ? 'SPUBLISH' : 'PUBLISH';
    const shared = [replayWindowMs, maxReplayMessages, IDEMPOTENCY_WINDOW_MS, publish];
    const call = {
      keys: batch.flatMap(keysOf),
      args: [...this.#adoption(), ...shared, ...batch.flatMap(wordsOf)],
    };
    try {
      const answers = await answered(runScript(this.#redis, scripts.append, call));
      for (const [index, one] of batch.entries()) settle(one, (answers as Buffer[])[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

const keysOf = ({ key, event: { userId }, idempotencyKey }: Waiting): string[] => [
  keys.stream(userId),
  key,
  keys.result(userId, idempotencyKey),
  keys.channel(userId),
  keys.progress(userId),
];

const wordsOf = ({ event }: Waiting): (string | number)[] => [
  event.userId,
  event.eventType,
  labelsOf(event),
  event.frame.head,
  event.frame.tail,
  ...taskWordsOf(event),
];

function settle({ resolve, reject }: Waiting, answer: Buffer | undefined): void {
  const text = answer?.toString('latin1') ?? '!no answer';
  if (text.startsWith('!')) {
    reject(new EngineUnavailable(`Redis did not append: ${text.slice(1)}`));
    return;
  }
  const [duplicate, epoch = '', sequence = ''] = text.split(' ');
  resolve({ epoch, sequenceId: sequence === '' ? null : Number(sequence), duplicate: duplicate === '1' });
}
