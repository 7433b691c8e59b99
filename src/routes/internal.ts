import type { Next } from 'hono';
import { RETRY_MS } from '../core/admission.ts';
import { EngineUnavailable } from '../core/ports/engine.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { ItemResult, Publisher, PublishResult } from '../core/publisher.ts';
import type { Accepted, NotTaken } from '../protocol/answers.ts';
import type { AgentEvent } from '../protocol/events.ts';
import { problemResponse } from '../protocol/problems.ts';
import { jsonResponse } from '../protocol/responses.ts';
import { parseTraceparent, traceparentText } from '../protocol/traceparent.ts';
import type { AppContext } from './context.ts';
import { newRoutes } from './context.ts';
import { onlyMethods } from './methods.ts';
import { parseBatchBody, parseEventBody } from './publish-body.ts';
import type { SignedBodies } from './signed-body.ts';

export type InternalRoutesOptions = {
  readonly publisher: Publisher;
  readonly bodies: SignedBodies;
  /** A digest of a request's body: another body, another digest. */
  hash(text: string): string;
  readonly log: Log;
  readonly metrics: Metrics;
};

/** What workers call (contract §5). */
export function internalRoutes(options: InternalRoutesOptions) {
  const counted = async (c: AppContext, next: Next): Promise<void> => {
    await next();
    options.metrics.publishAnswered(c.res.status);
  };
  return newRoutes()
    .post('/api/v1/internal/ws/publish', counted, (c) =>
      publish(c, options, { parse: parseEventBody, answer: ([result]) => answerOne(result) }),
    )
    .all(onlyMethods('POST'))
    .post('/api/v1/internal/ws/publish/batch', counted, (c) =>
      publish(c, options, { parse: parseBatchBody, answer: answerBatch }),
    )
    .all(onlyMethods('POST'));
}

type Shape = {
  parse(text: string): readonly AgentEvent[] | Response;
  answer(results: readonly ItemResult[]): Response;
};

async function publish(c: AppContext, options: InternalRoutesOptions, shape: Shape): Promise<Response> {
  const body = await options.bodies.read(c);
  if (body instanceof Response) return body;
  const mediaType = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    const detail = `got ${mediaType ?? 'no content-type'}, wanted application/json`;
    return problemResponse({ code: 'unsupported-media-type', detail });
  }
  const events = shape.parse(body.text);
  if (events instanceof Response) return events;
  const key = { service: body.service, id: body.webhookId };
  const bodyHash = options.hash(body.text);
  const traceparent = traceparentOf(c);
  const result = await attempt(options.publisher.publish({ key, bodyHash, events, traceparent }));
  const fault = faultOf(result);
  // The worker is told that it failed; who runs the server, why.
  if (fault !== null) {
    const about = { request_id: c.env.requestId, service: key.service, webhook_id: key.id };
    options.log.warn('publishing failed', { ...about, error: fault.message });
  }
  if (result instanceof EngineUnavailable) return engineUnavailable();
  if (result.kind === 'conflict') {
    const detail = 'this webhook-id was used with another body within the last 10 minutes';
    return problemResponse({ code: 'idempotency-conflict', detail });
  }
  return shape.answer(result.results);
}

/** The trace that the worker names; what is no `traceparent` counts as none. */
function traceparentOf(c: AppContext): string | null {
  const header = c.req.header('traceparent');
  const parent = header === undefined ? null : parseTraceparent(header);
  return parent && traceparentText(parent);
}

async function attempt(publishing: Promise<PublishResult>): Promise<PublishResult | EngineUnavailable> {
  try {
    return await publishing;
  } catch (error) {
    if (error instanceof EngineUnavailable) return error;
    throw error;
  }
}

function faultOf(result: PublishResult | EngineUnavailable): EngineUnavailable | null {
  if (result instanceof EngineUnavailable) return result;
  if (result.kind === 'conflict') return null;
  return result.results.find((item) => item instanceof EngineUnavailable) ?? null;
}

const engineUnavailable = () =>
  problemResponse({
    code: 'engine-unavailable',
    detail: 'the engine does not answer; send the same webhook-id again',
    retryAfterMs: RETRY_MS,
  });

function answerOne(result: ItemResult | undefined): Response {
  if (result === undefined || result instanceof EngineUnavailable) return engineUnavailable();
  return jsonResponse(accepted(result), 202);
}

function answerBatch(results: readonly ItemResult[]): Response {
  const isWhole = !results.some((result) => result instanceof EngineUnavailable);
  const items = results.map((result): Accepted | NotTaken =>
    result instanceof EngineUnavailable ? { error: 'engine-unavailable' } : accepted(result),
  );
  if (isWhole) return jsonResponse({ results: items }, 202);
  return problemResponse({
    code: 'engine-unavailable',
    detail: 'the engine took only some of the events; send the same webhook-id again',
    retryAfterMs: RETRY_MS,
    results: items,
  });
}

const accepted = ({ sequenceId, epoch, duplicate }: Exclude<ItemResult, EngineUnavailable>): Accepted => ({
  sequence_id: sequenceId,
  epoch,
  ...(duplicate ? { duplicate: true } : {}),
});
