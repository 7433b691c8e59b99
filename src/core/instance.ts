import { Admission } from './admission.ts';
import type { Connection, ConnectionSettings } from './connection.ts';
import { ConnectionManager } from './connection-manager.ts';
import { Drain } from './drain.ts';
import { Feeds } from './feeds.ts';
import { Flusher } from './flusher.ts';
import { Health } from './health.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Clock } from './ports/clock.ts';
import type { Engine, InstanceEntry } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Random } from './ports/random.ts';
import { Publisher } from './publisher.ts';
import { Reconciler } from './reconciler.ts';
import { Registrar } from './registrar.ts';

/** The part of the configuration that the core goes by. */
export type InstanceConfig = ConnectionSettings & {
  readonly instanceId: string;
  readonly maxConnectionsPerInstance: number;
  readonly reconcileIntervalMs: number;
  readonly drainTimeoutMs: number;
};

export type InstanceOptions = {
  readonly config: InstanceConfig;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostname: string;
};

/** Everything that one instance does, put together on its ports. */
export function createInstance({ config, engine, clock, random, log, hostname }: InstanceOptions) {
  const connections = new Map<string, Connection>();
  const startedAt = clock.now();
  let port = 0;
  const drain = new Drain({ clock, random, connections, timeoutMs: config.drainTimeoutMs });
  const entry = (): InstanceEntry => ({
    instanceId: config.instanceId,
    hostname,
    port,
    startedAt,
    lastHeartbeat: clock.now(),
    connectionCount: connections.size,
    status: drain.isDraining ? 'draining' : 'active',
  });
  const feeds = new Feeds(engine, log);
  const reconciler = new Reconciler({ engine, feeds, clock, log, intervalMs: config.reconcileIntervalMs });
  engine.handover.listen({
    received: (userId, record) => feeds.receive(userId, record),
    interrupted: () => reconciler.interrupted(),
  });
  const heartbeat = new Heartbeat({
    clock,
    intervalMs: config.heartbeatIntervalMs,
    timeoutMs: config.heartbeatTimeoutMs,
    misses: config.heartbeatMisses,
  });
  const registrar = new Registrar({ engine, clock, log, connections, instance: entry });
  const context = {
    instanceId: config.instanceId,
    clock,
    flusher: new Flusher(clock),
    log,
    settings: config,
  };
  const manager = new ConnectionManager({ context, connections, feeds, heartbeat, registrar });
  const health = new Health(engine, clock, () => reconciler.isCaughtUp);
  const isDraining = () => drain.isDraining;
  const maxConnections = config.maxConnectionsPerInstance;
  const admission = new Admission({
    engine,
    feeds,
    manager,
    registrar,
    connections,
    random,
    maxConnections,
    isDraining,
  });

  return {
    /** What the routes need of it. */
    routes: {
      admission,
      publisher: new Publisher(engine, clock),
      isDraining,
      unreadiness: () => health.reasons(),
    },
    connections,
    reconciler,
    feeds,
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
      reconciler.stop();
      health.stop();
      await registrar.withdraw();
      await engine.close();
    },
  };
}
