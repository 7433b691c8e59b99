import { Admission } from './admission.ts';
import { UNLIMITED } from './allowance.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSettings } from './connection-context.ts';
import { ConnectionManager } from './connection-manager.ts';
import { Drain } from './drain.ts';
import { Explainer } from './explainer.ts';
import { Feeds } from './feeds.ts';
import { Flusher } from './flusher.ts';
import { GlobalLimit } from './global-limit.ts';
import { Health } from './health.ts';
import { Heartbeat } from './heartbeat.ts';
import { HISTORY_SIZE, History } from './history.ts';
import { Latency } from './latency.ts';
import { Operators } from './operators.ts';
import { Pacer } from './pacer.ts';
import type { Clock } from './ports/clock.ts';
import type { Engine, InstanceEntry } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { InstanceReading, Metrics } from './ports/metrics.ts';
import type { Random } from './ports/random.ts';
import type { Tracing } from './ports/tracing.ts';
import { Publisher } from './publisher.ts';
import { readConnections } from './reading.ts';
import { Reconciler } from './reconciler.ts';
import { Registrar } from './registrar.ts';
import { sparingLog } from './sparing-log.ts';
import { TokenExpiry } from './token-expiry.ts';
import { Turnstile } from './turnstile.ts';

/** The part of the configuration that the core goes by. */
export type InstanceConfig = ConnectionSettings & {
  readonly instanceId: string;
  readonly maxConnectionsPerInstance: number;
  readonly reconcileIntervalMs: number;
  /** Delivered messages a second over the whole cluster; 0 = unlimited. */
  readonly rateLimitGlobal: number;
  readonly drainTimeoutMs: number;
  readonly progressWindowMs: number;
};

export type InstanceOptions = {
  readonly config: InstanceConfig;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** null where nobody wants traces. */
  readonly tracing: Tracing | null;
  readonly hostname: string;
  /** How many happenings to events are kept for operators who ask; HISTORY_SIZE when absent. */
  readonly historySize?: number;
};

/** Everything that one instance does, put together on its ports. */
export function createInstance(options: InstanceOptions) {
  const { config, engine, clock, random, log, metrics, tracing, hostname } = options;
  const connections = new Map<string, Connection>();
  const startedAt = clock.now();
  let port = 0;
  const drain: Drain = new Drain({
    clock,
    random,
    connections,
    timeoutMs: config.drainTimeoutMs,
    metrics,
    upgrading: () => admission.pending,
  });
  const entry = (): InstanceEntry => ({
    instanceId: config.instanceId,
    hostname,
    port,
    startedAt,
    lastHeartbeat: clock.now(),
    connectionCount: connections.size,
    status: drain.isDraining ? 'draining' : 'active',
  });
  const faults = sparingLog(log, clock);
  const history = new History(clock, options.historySize ?? HISTORY_SIZE);
  const feeds = new Feeds(engine, faults, { ...config, clock, history, tracing });
  const intervalMs = config.reconcileIntervalMs;
  const reconciler = new Reconciler({ engine, feeds, clock, log, metrics, intervalMs });
  engine.handover.listen({
    received: (userId, record) => feeds.receive(userId, record),
    interrupted: () => reconciler.interrupted(),
  });
  const heartbeat = new Heartbeat({
    clock,
    intervalMs: config.heartbeatIntervalMs,
    timeoutMs: config.heartbeatTimeoutMs,
    misses: config.heartbeatMisses,
    metrics,
  });
  const tokenExpiry = new TokenExpiry(clock, metrics);
  const registrar = new Registrar({ engine, clock, log: faults, connections, instance: entry });
  const rate = config.rateLimitGlobal;
  const globalLimit = rate === 0 ? null : new GlobalLimit({ engine, clock, log: faults, metrics, rate });
  const turnstile = new Turnstile(globalLimit ?? UNLIMITED);
  const pacer = new Pacer(clock, turnstile);
  const context = {
    instanceId: config.instanceId,
    clock,
    flusher: new Flusher(clock),
    pacer,
    turnstile,
    log,
    metrics,
    latency: new Latency(clock, metrics),
    history,
    settings: config,
    changed: (connection: Connection) => registrar.changed(connection),
  };
  const manager = new ConnectionManager({ context, connections, feeds, heartbeat, tokenExpiry, registrar });
  const { instanceId } = config;
  const explainer = new Explainer({ engine, clock, random, instanceId, history, connections });
  const operators = new Operators({ engine, clock, random, log, connections, explainer });
  const health = new Health({ engine, clock, log: faults, metrics, isCaughtUp: () => reconciler.isCaughtUp });
  const isDraining = () => drain.isDraining;
  const maxConnections = config.maxConnectionsPerInstance;
  const admission = new Admission({
    engine,
    feeds,
    manager,
    registrar,
    connections,
    random,
    clock,
    log: faults,
    maxConnections,
    isDraining,
  });

  return {
    /** What the routes need of it. */
    routes: {
      admission,
      publisher: new Publisher({ engine, clock, metrics, history, tracing }),
      operators,
      explainer,
      isDraining,
      unreadiness: () => health.reasons(),
      metrics,
    },
    /** How it stands now. */
    reading: (): InstanceReading => ({
      ...readConnections(connections.values(), admission.pending),
      limits: { connections: maxConnections, waiting: config.sendBufferSize },
      drain: drain.reading(),
      probeAgeSeconds: health.probeAgeMs / 1_000,
      instances: registrar.seen,
      limitInstances: globalLimit?.instances ?? 0,
    }),
    connections,
    reconciler,
    feeds,
    /** Clears what an earlier life under the same id may have left; to be called before it listens. */
    begin: () => registrar.begin(),
    /** Stands in the registry from now on. */
    async start(listeningPort: number): Promise<void> {
      port = listeningPort;
      await registrar.refresh();
    },
    async drain(): Promise<void> {
      log.info('draining', { connections: connections.size, timeout_ms: config.drainTimeoutMs });
      const left = drain.run();
      // Behind the announcement, which marks the connections as draining.
      await registrar.refresh();
      await left;
      log.info('drained', { connections: connections.size });
    },
    async stop(): Promise<void> {
      heartbeat.stop();
      tokenExpiry.stop();
      reconciler.stop();
      health.stop();
      operators.stop();
      pacer.stop();
      globalLimit?.stop();
      await registrar.withdraw();
      await engine.close();
    },
  };
}
