import { asyncApiDocument } from './contracts/asyncapi.ts';
import { openApiDocument } from './contracts/openapi.ts';
import type { SignatureVerifier } from './core/ports/auth.ts';
import type { Clock } from './core/ports/clock.ts';
import type { Log } from './core/ports/log.ts';
import { sparingLog } from './core/sparing-log.ts';
import { shorten } from './protocol/ids.ts';
import { problemResponse } from './protocol/problems.ts';
import type { AgentRoutesOptions } from './routes/agents.ts';
import { agentRoutes } from './routes/agents.ts';
import { newRoutes } from './routes/context.ts';
import { contractRoutes } from './routes/contracts.ts';
import type { InternalRoutesOptions } from './routes/internal.ts';
import { internalRoutes } from './routes/internal.ts';
import type { OperationsRoutesOptions } from './routes/operations.ts';
import { operationsRoutes } from './routes/operations.ts';
import type { OperatorRoutesOptions } from './routes/operators.ts';
import { operatorRoutes } from './routes/operators.ts';
import { requestLog } from './routes/request-log.ts';
import { SignedBodies } from './routes/signed-body.ts';

export type AppOptions = AgentRoutesOptions &
  Omit<InternalRoutesOptions & OperatorRoutesOptions, 'bodies'> &
  OperationsRoutesOptions & {
    readonly clock: Clock;
    readonly log: Log;
    readonly isDebugging: boolean;
    readonly signatures: SignatureVerifier;
  };

/** Every route of the server; an error that no route expected is logged, and says nothing to the client. */
export function createApp(options: AppOptions) {
  const app = newRoutes();
  const faults = sparingLog(options.log, options.clock);
  const bodies = new SignedBodies(options.signatures);
  app.onError((error, c) => {
    options.log.error('request failed', {
      request_id: c.env.requestId,
      method: c.req.method,
      path: c.req.path,
      error: error.stack ?? String(error),
    });
    return problemResponse({ code: 'internal-error', detail: 'this request failed on the server' });
  });
  app.notFound((c) => {
    c.set('isNowhere', true);
    const detail = `nothing is at ${c.req.method} ${shorten(c.req.path)}`;
    return problemResponse({ code: 'not-found', detail });
  });
  app.use(requestLog({ ...options, faults }));
  app.use(async (c, next) => {
    await next();
    // A proxy that kept this connection would send its next request into the end of the process.
    if (options.isDraining()) c.res.headers.set('connection', 'close');
  });
  return app
    .route('/', agentRoutes(options))
    .route('/', internalRoutes({ ...options, bodies, log: faults }))
    .route('/', operatorRoutes({ ...options, bodies }))
    .route('/', operationsRoutes(options))
    .route('/', contractRoutes({ openApi: openApiDocument, asyncApi: asyncApiDocument }));
}
