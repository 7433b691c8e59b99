import { type ShowText, showHidden, showUrl } from './faults.ts';
import type { TextSchema } from './schemas.ts';
import * as schemas from './schemas.ts';
import type { Config, InstanceDefaults } from './types.ts';

/** One variable of the environment: what the parser and the table of docs/configuration.md both come from. */
export interface Setting<T> {
  readonly variable: string;
  readonly schema: TextSchema<T>;
  readonly fallback: Fallback<T>;
  readonly meaning: string;
  /** How a fault shows the refused text; needed where a secret may stand in it. */
  readonly show?: ShowText;
}

/** What holds while the variable is unset: a text, read like a given one, or a value. Null: it must be set. */
export type Fallback<T> =
  | string
  | { readonly described: string; readonly value: (defaults: InstanceDefaults) => T }
  | null;

const absent = { described: 'none', value: () => null };

/** In the order of contract §2. */
export const settings: { readonly [Field in keyof Config]: Setting<Config[Field]> } = {
  host: { variable: 'HOST', schema: schemas.host, fallback: '127.0.0.1', meaning: 'where to listen' },
  port: {
    variable: 'PORT',
    schema: schemas.port,
    fallback: '8080',
    meaning: '`0` picks a free port; the chosen address is in the start log line',
  },
  redisUrls: {
    variable: 'REDIS_URL',
    schema: schemas.redisUrls,
    fallback: { described: 'unset: memory engine', value: () => [] },
    meaning: '`redis://` or `rediss://`; several, comma-separated: Redis Cluster',
    show: showUrl,
  },
  instanceId: {
    variable: 'INSTANCE_ID',
    schema: schemas.instanceId,
    fallback: { described: 'host name + random suffix', value: schemas.makeInstanceId },
    meaning: 'unique per instance; 1 to 128 of `A-Z a-z 0-9 _ . : -`',
  },
  jwtSecret: {
    variable: 'JWT_SECRET',
    schema: schemas.verbatim,
    fallback: { described: 'this or `JWKS_URL` is required', value: () => null },
    meaning: 'HS256 secret; RFC 7518 asks for 32 bytes or more',
    show: showHidden,
  },
  jwksUrl: {
    variable: 'JWKS_URL',
    schema: schemas.keySetUrl,
    fallback: { described: 'this or `JWT_SECRET` is required', value: () => null },
    meaning: '`http(s)://` address of the key set (RS256, ES256, EdDSA)',
    show: showUrl,
  },
  jwtIssuer: {
    variable: 'JWT_ISSUER',
    schema: schemas.freeText,
    fallback: absent,
    meaning: 'where set, the `iss` a token must carry',
  },
  jwtAudience: {
    variable: 'JWT_AUDIENCE',
    schema: schemas.freeText,
    fallback: absent,
    meaning: 'where set, the `aud` a token must carry',
  },
  serviceKeys: {
    variable: 'INTERNAL_SERVICE_KEYS',
    schema: schemas.serviceKeys,
    fallback: null,
    meaning:
      '`name:whsec_<base64>`, comma-separated; one name may stand twice (key rotation); a key has 16 to 64 bytes, Standard Webhooks asks for 24 or more',
    show: showHidden,
  },
  allowedOrigins: {
    variable: 'WS_ALLOWED_ORIGINS',
    schema: schemas.allowedOrigins,
    fallback: { described: 'any', value: () => null },
    meaning: 'comma-separated list of allowed `Origin` values, each `scheme://host[:port]`',
  },
  heartbeatIntervalMs: {
    variable: 'WS_HEARTBEAT_INTERVAL',
    schema: schemas.duration,
    fallback: '30s',
    meaning: 'PING period',
  },
  heartbeatTimeoutMs: {
    variable: 'WS_HEARTBEAT_TIMEOUT',
    schema: schemas.duration,
    fallback: '10s',
    meaning: 'time to answer a PING',
  },
  heartbeatMisses: {
    variable: 'WS_HEARTBEAT_MISSES',
    schema: schemas.count,
    fallback: '3',
    meaning: 'consecutive misses before the close',
  },
  replayWindowMs: {
    variable: 'WS_REPLAY_WINDOW',
    schema: schemas.duration,
    fallback: '5m',
    meaning: 'how long a stream keeps an event',
  },
  maxReplayMessages: {
    variable: 'WS_MAX_REPLAY_MESSAGES',
    schema: schemas.count,
    fallback: '1000',
    meaning: 'at most how many events a stream keeps',
  },
  rateLimitPerConnection: {
    variable: 'WS_RATE_LIMIT_PER_CONNECTION',
    schema: schemas.limit,
    fallback: '100',
    meaning: 'delivered messages per second to one connection; `0` = unlimited',
  },
  rateLimitGlobal: {
    variable: 'WS_RATE_LIMIT_GLOBAL',
    schema: schemas.limit,
    fallback: '10000',
    meaning: 'delivered messages per second over the whole cluster; `0` = unlimited',
  },
  sendBufferSize: {
    variable: 'WS_SEND_BUFFER_SIZE',
    schema: schemas.count,
    fallback: '100',
    meaning: 'messages waiting per connection',
  },
  queueTtlMs: {
    variable: 'WS_QUEUE_TTL',
    schema: schemas.duration,
    fallback: '5s',
    meaning: 'how long a waiting message may wait',
  },
  progressWindowMs: {
    variable: 'WS_PROGRESS_WINDOW',
    schema: schemas.duration,
    fallback: '100ms',
    meaning: 'progress updates of one task within it are merged',
  },
  drainTimeoutMs: {
    variable: 'WS_DRAIN_TIMEOUT',
    schema: schemas.duration,
    fallback: '30s',
    meaning: 'how long a stopping instance waits for its clients',
  },
  maxConnectionsPerInstance: {
    variable: 'WS_MAX_CONNECTIONS_PER_INSTANCE',
    schema: schemas.count,
    fallback: '10000',
    meaning: 'beyond it, new upgrades get 503',
  },
  maxConnectionsPerUser: {
    variable: 'WS_MAX_CONNECTIONS_PER_USER',
    schema: schemas.limit,
    fallback: '20',
    meaning: 'concurrent, over the whole cluster; `0` = unlimited; beyond it 429',
  },
  connectRatePerAddress: {
    variable: 'WS_CONNECT_RATE_PER_ADDRESS',
    schema: schemas.limit,
    fallback: '300',
    meaning: 'upgrades a minute from one client address, over the cluster; `0` = unlimited; beyond it 429',
  },
  trustedProxies: {
    variable: 'TRUSTED_PROXIES',
    schema: schemas.trustedProxies,
    fallback: { described: 'none', value: () => [] },
    meaning: 'addresses or CIDR ranges whose `X-Forwarded-For` / `Fly-Client-IP` tells the client address',
  },
  maxMessageBytes: {
    variable: 'WS_MAX_MESSAGE_BYTES',
    schema: schemas.count,
    fallback: '65536',
    meaning: 'largest client message',
  },
  reconcileIntervalMs: {
    variable: 'WS_RECONCILE_INTERVAL',
    schema: schemas.duration,
    fallback: '2s',
    meaning: "how often live streams are compared with the engine's tails",
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    schema: schemas.logLevel,
    fallback: 'info',
    meaning: '`debug`, `info`, `warn` or `error`',
  },
};
