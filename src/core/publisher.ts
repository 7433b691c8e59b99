import type { AgentEvent } from '../protocol/events.ts';
import { endsTask, progressOf } from '../protocol/progress.ts';
import { eventFrame } from '../protocol/server-messages.ts';
import { ANSWER_WITHIN_MS, Deadline } from './deadline.ts';
import type { Clock } from './ports/clock.ts';
import type { Appended, Engine, IdempotencyKey, NewEvent } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Metrics, PublishOutcome } from './ports/metrics.ts';

/** One publish request, its events checked. */
export type PublishRequest = {
  readonly key: Omit<IdempotencyKey, 'item'>;
  /** Tells one body from another; the same id with another is a conflict. */
  readonly bodyHash: string;
  readonly events: readonly AgentEvent[];
};

export type ItemResult = Appended | EngineUnavailable;
export type PublishResult =
  | { readonly kind: 'conflict' }
  /** One result per event, in order; an item that the engine did not take is its error. */
  | { readonly kind: 'results'; readonly results: readonly ItemResult[] };

/** Takes events in: each is durable and handed over when its result says so (G1). */
export class Publisher {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #metrics: Metrics;

  constructor(engine: Engine, clock: Clock, metrics: Metrics) {
    this.#engine = engine;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** @throws EngineUnavailable when the engine took none of it */
  async publish(request: PublishRequest): Promise<PublishResult> {
    const since = this.#clock.elapsed();
    const deadline = new Deadline(this.#clock, ANSWER_WITHIN_MS);
    try {
      return await this.#publish(request, deadline);
    } catch (error) {
      if (error instanceof EngineUnavailable) this.#metrics.published('unavailable', request.events.length);
      throw error;
    } finally {
      deadline.end();
      this.#metrics.publishTook((this.#clock.elapsed() - since) / 1_000);
    }
  }

  async #publish({ key, bodyHash, events }: PublishRequest, deadline: Deadline): Promise<PublishResult> {
    const claimed = await deadline.wait(this.#engine.streams.claim(key, bodyHash));
    if (claimed === 'conflict') {
      this.#metrics.published('conflict', events.length);
      return { kind: 'conflict' };
    }
    const now = this.#clock.now();
    const appends = events.map((event, item) =>
      resultOf(deadline.wait(this.#engine.streams.append(newEvent(event, now), { ...key, item }))),
    );
    const results = await Promise.all(appends);
    for (const result of results) this.#metrics.published(outcomeOf(result), 1);
    return { kind: 'results', results };
  }
}

function outcomeOf(result: ItemResult): PublishOutcome {
  if (result instanceof EngineUnavailable) return 'unavailable';
  return result.duplicate ? 'duplicate' : 'accepted';
}

async function resultOf(append: Promise<Appended>): Promise<ItemResult> {
  try {
    return await append;
  } catch (error) {
    if (error instanceof EngineUnavailable) return error;
    throw error;
  }
}

function newEvent(event: AgentEvent, now: number): NewEvent {
  const { eventType, userId, agentId, projectId, taskId, priority } = event;
  return {
    eventType,
    userId,
    agentId,
    projectId,
    taskId,
    priority,
    progress: progressOf(event),
    endsTask: endsTask(event),
    frame: eventFrame(event, now),
  };
}
