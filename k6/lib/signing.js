import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import { jwtSecret, serviceKey } from './settings.js';

const HOUR_S = 3_600;

const [serviceName, serviceSecret] = serviceKey.split(':');
const secretBytes = encoding.b64decode(serviceSecret.replace(/^whsec_/, ''));
const encoded = (value) => encoding.b64encode(JSON.stringify(value), 'rawurl');
const head = encoded({ alg: 'HS256', typ: 'JWT' });

/** A token of a user (RFC 7519, HS256), good for two hours. */
export function tokenOf(user) {
  const claims = encoded({ sub: user, exp: Math.floor(Date.now() / 1000) + 2 * HOUR_S });
  return `${head}.${claims}.${crypto.hmac('sha256', jwtSecret, `${head}.${claims}`, 'base64rawurl')}`;
}

/** The headers of a request of the service (Standard Webhooks); `content` is its body, or its target where it has none. */
export function signedHeaders(id, content) {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = crypto.hmac('sha256', secretBytes, `${id}.${timestamp}.${content}`, 'base64');
  return {
    'content-type': 'application/json',
    'x-service-name': serviceName,
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
