import { RETRY_MS } from '../core/admission.ts';
import type { Explainer } from '../core/explainer.ts';
import type { Disconnection, Operators } from '../core/operators.ts';
import type { InstanceEntry, RegisteredConnection } from '../core/ports/engine.ts';
import { EngineUnavailable } from '../core/ports/engine.ts';
import type { Log } from '../core/ports/log.ts';
import type { ConnectionAnswer, InstanceAnswer } from '../protocol/answers.ts';
import { isUserId, show, USER_ID_WANTED } from '../protocol/ids.ts';
import { problemResponse } from '../protocol/problems.ts';
import { jsonResponse } from '../protocol/responses.ts';
import type { AppContext } from './context.ts';
import { newRoutes } from './context.ts';
import { explainEvent } from './explain.ts';
import { onlyMethods } from './methods.ts';
import { invalidParameters, parameterFaults } from './parameters.ts';
import type { SignedBodies, SignedBody } from './signed-body.ts';

export type OperatorRoutesOptions = {
  readonly operators: Operators;
  readonly explainer: Explainer;
  readonly bodies: SignedBodies;
  /** A digest of a text: another text, another digest. */
  hash(text: string): string;
  readonly log: Log;
  /** Wall-clock time in ms since 1970. */
  now(): number;
};

const ROOT = '/api/v1/internal/ws';

/** What operators call (contract §5): who is connected where, and who shall not be. */
export function operatorRoutes(options: OperatorRoutesOptions) {
  const signed = (answer: (c: AppContext, options: OperatorRoutesOptions) => Promise<Response>) => {
    return (c: AppContext) => answerSigned(c, options, answer);
  };
  return newRoutes()
    .get(`${ROOT}/instances`, signed(listInstances))
    .all(onlyMethods('GET, HEAD'))
    .get(`${ROOT}/connections`, signed(listConnections))
    .all(onlyMethods('GET, HEAD'))
    .get(
      `${ROOT}/explain`,
      signed((c, { explainer }) => explainEvent(c, explainer)),
    )
    .all(onlyMethods('GET, HEAD'))
    .post(`${ROOT}/connections/:connection_id/disconnect`, signed(disconnectConnection))
    .all(onlyMethods('POST'))
    .post(`${ROOT}/users/:user_id/disconnect`, signed(disconnectUser))
    .all(onlyMethods('POST'));
}

async function answerSigned(
  c: AppContext,
  options: OperatorRoutesOptions,
  answer: (c: AppContext, options: OperatorRoutesOptions) => Promise<Response>,
): Promise<Response> {
  const body = await options.bodies.read(c);
  if (body instanceof Response) return body;
  // `{}` is what some HTTP clients send with every POST.
  if (body.text !== '' && body.text.trim() !== '{}') {
    const detail = `got a body of ${body.text.length} characters, wanted none`;
    return problemResponse({ code: 'bad-request', detail });
  }
  try {
    return (await elsewhere(c, options, body)) ?? (await answer(c, options));
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    const about = { request_id: c.env.requestId, path: c.req.path };
    options.log.warn('an operator was not answered', { ...about, error: error.message });
    return problemResponse({
      code: 'engine-unavailable',
      detail: 'the engine does not answer',
      retryAfterMs: RETRY_MS,
    });
  }
}

/**
 * The refusal of a request whose signature served for another target already; null for none. Without a body the target is
 * signed; a signature over `{}` says nothing of it, and would disconnect anybody, so its id is bound to the first.
 */
async function elsewhere(
  c: AppContext,
  { operators, hash }: OperatorRoutesOptions,
  { service, webhookId: id, text }: SignedBody,
): Promise<Response | null> {
  if (text === '') return null;
  const claimed = await operators.claim({ service, id }, hash(c.req.path));
  if (claimed === 'claimed') return null;
  const detail = 'this webhook-id was used for something else within the last 10 minutes';
  return problemResponse({ code: 'idempotency-conflict', detail });
}

async function listInstances(_: AppContext, { operators, now }: OperatorRoutesOptions): Promise<Response> {
  const instances = await operators.instances();
  return jsonResponse({ instances: instances.map((instance) => instanceJson(instance, now())) });
}

async function listConnections(c: AppContext, { operators }: OperatorRoutesOptions): Promise<Response> {
  const errors = parameterFaults(c, ['user_id']);
  const userId = c.req.query('user_id') ?? '';
  if (!isUserId(userId))
    errors.push({ path: 'user_id', detail: `got ${show(userId)}, wanted ${USER_ID_WANTED}` });
  if (errors.length > 0) return invalidParameters(errors);
  const connections = await operators.connectionsOf(userId);
  return jsonResponse({ connections: connections.map(connectionJson) });
}

async function disconnectConnection(c: AppContext, options: OperatorRoutesOptions): Promise<Response> {
  const connectionId = c.req.param('connection_id') ?? '';
  const result = await options.operators.disconnectConnection(connectionId);
  return answerDisconnection(c, options, { result, subject: { connection_id: connectionId } });
}

async function disconnectUser(c: AppContext, options: OperatorRoutesOptions): Promise<Response> {
  const userId = c.req.param('user_id') ?? '';
  if (!isUserId(userId)) {
    return invalidParameters([{ path: 'user_id', detail: `got ${show(userId)}, wanted ${USER_ID_WANTED}` }]);
  }
  const result = await options.operators.disconnectUser(userId);
  return answerDisconnection(c, options, { result, subject: { user_id: userId } });
}

function answerDisconnection(
  c: AppContext,
  { log }: OperatorRoutesOptions,
  { result, subject }: { result: Disconnection; subject: Readonly<Record<string, string>> },
): Response {
  if (result.kind === 'unknown')
    return problemResponse({ code: 'not-found', detail: 'there is no such connection' });
  const { connectionIds: disconnected } = result;
  const service = c.req.header('x-service-name') ?? '';
  const about = { request_id: c.env.requestId, service, ...subject };
  log.info('disconnected by an operator', { ...about, connections: disconnected.length });
  if (result.kind === 'disconnected') return jsonResponse({ disconnected });
  const silent = result.instanceIds.join(', ');
  return problemResponse({
    code: 'instance-silent',
    detail: `did not come for the order: ${silent}; ${disconnected.length} connections were closed elsewhere`,
    retryAfterMs: RETRY_MS,
  });
}

const time = (ms: number): string => new Date(ms).toISOString();

const instanceJson = (instance: InstanceEntry, now: number): InstanceAnswer => ({
  instance_id: instance.instanceId,
  hostname: instance.hostname,
  port: instance.port,
  status: instance.status,
  connection_count: instance.connectionCount,
  started_at: time(instance.startedAt),
  last_heartbeat: time(instance.lastHeartbeat),
  age_ms: Math.max(0, now - instance.startedAt),
});

const connectionJson = (connection: RegisteredConnection): ConnectionAnswer => ({
  connection_id: connection.connectionId,
  user_id: connection.userId,
  instance_id: connection.instanceId,
  connected_at: time(connection.connectedAt),
  last_heartbeat: time(connection.lastHeartbeat),
  filters: connection.filters,
  last_sequence_id: connection.lastSequenceId,
  is_draining: connection.isDraining,
});
