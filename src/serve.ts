import { createHash, randomBytes } from 'node:crypto';
import { createClientAddress } from './adapters/auth/client-address.ts';
import { createTokenVerifier } from './adapters/auth/jwt.ts';
import { createSignatureVerifier } from './adapters/auth/signatures.ts';
import { createMemoryEngine } from './adapters/memory/engine.ts';
import { createPrometheusMetrics } from './adapters/metrics/prometheus.ts';
import { createRedisEngine } from './adapters/redis/engine.ts';
import { systemClock } from './adapters/system/clock.ts';
import { watchEventLoop } from './adapters/system/event-loop.ts';
import { createLog } from './adapters/system/log.ts';
import { systemRandom } from './adapters/system/random.ts';
import { createTracing } from './adapters/tracing/opentelemetry.ts';
import { createTransport } from './adapters/transport/listener.ts';
import { createApp } from './app.ts';
import { createMask, secretsOf } from './config/masking.ts';
import type { Config } from './config.ts';
import { createInstance } from './core/instance.ts';
import type { Engine } from './core/ports/engine.ts';
import type { Log } from './core/ports/log.ts';
import type { Runtime } from './core/ports/runtime.ts';
import { VERSION } from './version.ts';

/** How long a peer has to complete its handshake, in ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const SAFE_SECRET_LENGTH = 32;
/** How long a start waits for the engine before it goes on without, not ready, in ms. */
const ENGINE_TIMEOUT_MS = 5_000;

export type Server = {
  readonly host: string;
  readonly port: number;
  /** Lets clients go and stops (contract G8); resolves when all is done. */
  drain(): Promise<void>;
};

/** Answers requests in place of the server; null leaves one to it. */
export type Extra = (request: Request) => Promise<Response> | null;

/** Puts one instance together from its configuration, and listens; `extra` is asked before its own routes. */
export async function serve(config: Config, runtime: Runtime, extra: Extra = () => null): Promise<Server> {
  const mask = createMask(secretsOf(runtime.env()).concat(secretsIn(config)));
  const log = createLog({
    level: config.logLevel,
    base: { instance_id: config.instanceId },
    write: (line) => runtime.write(mask(line)),
  });
  runtime.onUncaught((error) => log.error('an error was not caught', { error: String(error) }));
  if (config.jwtSecret !== null && config.jwtSecret.length < SAFE_SECRET_LENGTH) {
    log.warn('JWT_SECRET is short', { wanted: `${SAFE_SECRET_LENGTH} characters or more (RFC 7518 §3.2)` });
  }
  const engine = createEngine(config, log);
  await engine.connect(ENGINE_TIMEOUT_MS);
  const metrics = createMetrics(config, runtime);
  const instance = createInstance({
    config,
    engine,
    log,
    metrics,
    tracing: createTracing(),
    clock: systemClock,
    random: systemRandom,
    hostname: runtime.hostname(),
  });
  const app = createApp({
    ...instance.routes,
    scrape: async () => ({
      text: await metrics.scrape(instance.reading()),
      contentType: metrics.contentType,
    }),
    clock: systemClock,
    log,
    verifyToken: createTokenVerifier({
      secret: config.jwtSecret,
      jwksUrl: config.jwksUrl,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      now: () => systemClock.now(),
    }),
    allowedOrigins: config.allowedOrigins,
    clientAddress: addressOf(config),
    signatures: createSignatureVerifier({ keys: config.serviceKeys }),
    now: () => systemClock.now(),
    isDebugging: config.logLevel === 'debug',
    hash: (text) => createHash('sha256').update(text).digest('base64url'),
  });
  const transport = createTransport({
    fetch: (request, env) => extra(request) ?? app.fetch(request, env),
    maxMessageBytes: config.maxMessageBytes,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    onError: (error, context) => log.error('the transport failed', { context, error: String(error) }),
  });
  await instance.begin();
  const { host, port } = await transport.listen({ host: config.host, port: config.port });
  await instance.start(port);
  const stopWatching = watchEventLoop((seconds) => metrics.loopWasLate(seconds));
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info('listening', { host, port, address, runtime: runtime.name, engine: engineName(config) });
  return {
    host,
    port,
    drain: async () => {
      await instance.drain();
      await transport.close();
      await instance.stop();
      stopWatching();
    },
  };
}

/** Secrets of a configuration that did not come from the environment alone. */
const secretsIn = ({ jwtSecret, serviceKeys }: Config): string[] => [
  ...(jwtSecret === null || jwtSecret === '' ? [] : [jwtSecret]),
  ...serviceKeys.map(({ secret }) => secret),
];

/** A random end for the default instance id, so that two on one host differ. */
export const randomSuffix = (): string => randomBytes(4).toString('hex');

const engineName = ({ redisUrls }: Config): string => (redisUrls.length === 0 ? 'memory' : 'redis');

function createMetrics(config: Config, runtime: Runtime) {
  const build = {
    version: VERSION,
    runtime: runtime.name,
    runtimeVersion: runtime.version,
    engine: engineName(config),
    instanceId: config.instanceId,
    startedAt: systemClock.now(),
  };
  return createPrometheusMetrics({ build, usage: () => runtime.usage() });
}

function createEngine(config: Config, log: Log): Engine {
  const options = {
    ...config,
    pageEvents: Math.min(100, config.sendBufferSize),
    clock: systemClock,
    random: systemRandom,
  };
  const urls = config.redisUrls;
  return urls.length === 0 ? createMemoryEngine(options) : createRedisEngine({ ...options, log, urls });
}

function addressOf({ trustedProxies }: Config) {
  const addressOfRequest = createClientAddress({ trustedProxies });
  return (c: {
    env: { remoteAddress: string | undefined };
    req: { header(name: string): string | undefined };
  }) =>
    addressOfRequest({
      remoteAddress: c.env.remoteAddress,
      forwardedFor: c.req.header('x-forwarded-for'),
      flyClientIp: c.req.header('fly-client-ip'),
    });
}
