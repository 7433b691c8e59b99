import type { AgentEvent } from '../protocol/events.ts';
import { endsTask, progressOf } from '../protocol/progress.ts';
import { eventFrame } from '../protocol/server-messages.ts';
import { ANSWER_WITHIN_MS, Deadline } from './deadline.ts';
import type { History } from './history.ts';
import { STEP } from './history.ts';
import type { Clock } from './ports/clock.ts';
import type { Appended, Engine, IdempotencyKey, NewEvent } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Metrics, PublishOutcome } from './ports/metrics.ts';
import type { Span, Tracing } from './ports/tracing.ts';

/** One publish request, its events checked. */
export type PublishRequest = {
  readonly key: Omit<IdempotencyKey, 'item'>;
  /** Tells one body from another; the same id with another is a conflict. */
  readonly bodyHash: string;
  readonly events: readonly AgentEvent[];
  /** The part of a trace that it belongs to (W3C `traceparent`, valid); absent or null for none. */
  readonly traceparent?: string | null;
};

export type ItemResult = Appended | EngineUnavailable;
export type PublishResult =
  | { readonly kind: 'conflict' }
  /** One result per event, in order; an item that the engine did not take is its error. */
  | { readonly kind: 'results'; readonly results: readonly ItemResult[] };

export type PublisherOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly history: History;
  readonly tracing: Tracing | null;
};

/** What the events of one request have in common. */
type Appending = {
  readonly key: PublishRequest['key'];
  readonly traceparent: string | null;
  /** Wall-clock ms. */
  readonly now: number;
  readonly deadline: Deadline;
  readonly span: Span | null;
};

/** Takes events in: each is durable and handed over when its result says so (G1). */
export class Publisher {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #history: History;
  readonly #tracing: Tracing | null;

  constructor({ engine, clock, metrics, history, tracing }: PublisherOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#history = history;
    this.#tracing = tracing;
  }

  /** @throws EngineUnavailable when the engine took none of it */
  async publish(request: PublishRequest): Promise<PublishResult> {
    const since = this.#clock.elapsed();
    const { events, key, traceparent = null } = request;
    const deadline = new Deadline(this.#clock, ANSWER_WITHIN_MS);
    const fields = { service: key.service, webhook_id: key.id, events: events.length };
    const span = this.#tracing?.begin('publish', traceparent, fields) ?? null;
    try {
      const result = await this.#publish(request, deadline, span);
      span?.end(faultOf(result));
      return result;
    } catch (error) {
      if (error instanceof EngineUnavailable) this.#metrics.published('unavailable', events.length);
      span?.end(String(error));
      throw error;
    } finally {
      deadline.end();
      this.#metrics.publishTook((this.#clock.elapsed() - since) / 1_000);
    }
  }

  async #publish(request: PublishRequest, deadline: Deadline, span: Span | null): Promise<PublishResult> {
    const { key, bodyHash, events, traceparent = null } = request;
    const claimed = await deadline.wait(this.#engine.streams.claim(key, bodyHash));
    if (claimed === 'conflict') {
      this.#metrics.published('conflict', events.length);
      return { kind: 'conflict' };
    }
    const appending = { key, traceparent, deadline, span, now: this.#clock.now() };
    const askedAt = this.#clock.elapsed();
    const results = await Promise.all(events.map((event, item) => this.#append(event, item, appending)));
    // What came of it may have happened already: it was appended before.
    this.#history.tick(askedAt);
    for (const [index, result] of results.entries()) {
      this.#metrics.published(outcomeOf(result), 1);
      this.#note(events[index], result);
    }
    return { kind: 'results', results };
  }

  #append(event: AgentEvent, item: number, appending: Appending): Promise<ItemResult> {
    const { deadline, key, now, traceparent } = appending;
    const { eventType: event_type, userId: user_id } = event;
    const span = this.#tracing?.begin('append', appending.span, { event_type, user_id }) ?? null;
    // Only whose worker traces it says so to its clients.
    const carried = traceparent === null ? null : (span?.traceparent ?? traceparent);
    const append = this.#engine.streams.append(newEvent(event, now, carried), { ...key, item });
    const result = resultOf(deadline.wait(append));
    return span === null ? result : endedWith(span, result);
  }

  #note(event: AgentEvent | undefined, result: ItemResult): void {
    if (event === undefined || result instanceof EngineUnavailable || result.sequenceId === null) return;
    const step = result.duplicate ? STEP.repeated : STEP.appended;
    this.#history.witnessOf(event.userId).note(step, result.sequenceId);
  }
}

/** Why a request, or a part of it, was not taken. */
function faultOf(result: PublishResult): string | undefined {
  if (result.kind === 'conflict') return 'conflict';
  return result.results.find((item) => item instanceof EngineUnavailable)?.message;
}

async function endedWith(span: Span, appended: Promise<ItemResult>): Promise<ItemResult> {
  const result = await appended;
  if (result instanceof EngineUnavailable) {
    span.end(result.message);
    return result;
  }
  const { sequenceId, epoch, duplicate } = result;
  span.set({ epoch, duplicate, ...(sequenceId !== null && { sequence_id: sequenceId }) });
  span.end();
  return result;
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

function newEvent(event: AgentEvent, now: number, traceparent: string | null): NewEvent {
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
    frame: eventFrame(event, now, traceparent),
  };
}
