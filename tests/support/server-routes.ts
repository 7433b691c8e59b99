import { createApp } from '../../src/app.ts';
import { aloneInstance } from './test-instance.ts';

/** Every route of the server as the router has it, written as OpenAPI does: `get /users/{user_id}`. */
export function routesOfServer(): string[] {
  const { core, log, clock } = aloneInstance();
  const app = createApp({
    ...core.routes,
    scrape: async () => ({ text: '', contentType: 'text/plain' }),
    clock,
    log,
    isDebugging: false,
    verifyToken: async () => ({ kind: 'invalid', detail: 'nobody is let in here' }),
    allowedOrigins: null,
    clientAddress: () => '192.0.2.1',
    signatures: { formFaultOf: () => null, faultOf: () => 'wrong' },
    now: () => clock.now(),
    hash: (text) => text,
  });
  // ALL is what answers other methods, and what goes before every route.
  const named = app.routes.filter(({ method }) => method !== 'ALL');
  const written = named.map(
    ({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  );
  return [...new Set(written)];
}
