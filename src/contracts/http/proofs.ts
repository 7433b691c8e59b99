import type { Operation } from './operation.ts';

const header = (name: string, description: string) => ({ type: 'apiKey', in: 'header', name, description });

/** How a caller says who it is. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A JWT whose `sub` is the user.',
  },
  subprotocol: header(
    'Sec-WebSocket-Protocol',
    'The same token from a browser, which can set no other header: `bearer, <jwt>`. The answer names `bearer`.',
  ),
  token: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description: 'The same token; many a proxy logs it there.',
  },
  serviceName: header('x-service-name', 'Which key signs: its name in `INTERNAL_SERVICE_KEYS`.'),
  webhookId: header('webhook-id', 'Id of the request, and its idempotency key for 10 minutes.'),
  webhookTimestamp: header(
    'webhook-timestamp',
    'When it was signed, in seconds since 1970; 5 minutes of tolerance.',
  ),
  webhookSignature: header(
    'webhook-signature',
    '`v1,` and the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`, by [Standard Webhooks](https://www.standardwebhooks.com/). Without a body, the request target (path and query) takes its place.',
  ),
} as const;

/** One of these is enough; of one, all its schemes are needed. */
export const SECURITY: Readonly<Record<Operation['proof'], readonly Record<string, readonly string[]>[]>> = {
  none: [],
  token: [{ bearer: [] }, { subprotocol: [] }, { token: [] }],
  signature: [{ serviceName: [], webhookId: [], webhookTimestamp: [], webhookSignature: [] }],
};
