import { expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { Bindings } from '../../src/core/ports/transport.ts';
import { SAFE_HEADERS } from '../../src/protocol/responses.ts';
import { aloneInstance } from '../support/test-instance.ts';

const { core, clock, log } = aloneInstance();
let isSigned = true;

const app = createApp({
  ...core.routes,
  clock,
  log,
  isDebugging: false,
  verifyToken: async () => ({ kind: 'valid', userId: 'u-1', expiresAt: null }),
  signatures: { formFaultOf: () => null, faultOf: () => (isSigned ? null : 'wrong') },
  allowedOrigins: null,
  clientAddress: () => '192.0.2.1',
  scrape: async () => ({ text: '', contentType: 'text/plain' }),
  now: () => 0,
  hash: (text) => text,
});

const SIGNED = { 'webhook-id': 'm', 'x-service-name': 's', 'content-type': 'application/json' };
const EVENT = { event_type: 'NOTE', user_id: 'u-1', agent_id: 'a', payload: {} };
const PLAIN: Bindings = { upgrade: null, remoteAddress: '192.0.2.1', requestId: 'r-1' };

/** Documents that are the same for everybody may be kept, and asked for anew. */
const KEPT = { 'x-content-type-options': 'nosniff', 'content-security-policy': expect.any(String) };

/** Every method and path there is, with an id where one belongs. */
const routes = [
  ...new Set(
    app.routes.map(
      ({ method, path }) => `${method === 'ALL' ? 'PUT' : method} ${path.replace(/:\w+/g, 'x')}`,
    ),
  ),
];

it.each(routes)('%s answers as no page, whether it does what it is asked or not', async (route) => {
  const [method = '', path = ''] = route.split(' ');
  for (isSigned of [true, false]) {
    for (const value of [EVENT, { events: [EVENT] }, '']) {
      const body = method === 'GET' ? undefined : value === '' ? '' : JSON.stringify(value);
      const target = path.endsWith('/connections') ? `${path}?user_id=u-1` : path;
      const answer = await app.request(target, { method, headers: SIGNED, body }, PLAIN);
      expect(Object.fromEntries(answer.headers), `${answer.status}`).toMatchObject(
        path.endsWith('.json') ? KEPT : SAFE_HEADERS,
      );
    }
  }
});
