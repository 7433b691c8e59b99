import type { InstanceReading, Metrics } from '../../core/ports/metrics.ts';
import type { ProcessUsage } from '../../core/ports/runtime.ts';
import { Catalogue } from './catalogue.ts';
import {
  catchUpMetrics,
  connectionMetrics,
  deliveryMetrics,
  engineMetrics,
  publishMetrics,
} from './counted.ts';
import type { BuildFacts } from './process-metrics.ts';
import { processMetrics } from './process-metrics.ts';

export type PrometheusOptions = {
  readonly build: BuildFacts;
  /** What the process has used so far. */
  usage(): ProcessUsage;
};

export type PrometheusMetrics = Metrics & {
  /** The event loop came so late to a timer. */
  loopWasLate(seconds: number): void;
  /** The media type of what `scrape` gives. */
  readonly contentType: string;
  /** All metrics in the Prometheus text format 0.0.4; `reading` is how the instance stands now. */
  scrape(reading: InstanceReading): Promise<string>;
};

/** The metrics of one instance: what happens is counted as it does, the rest is read at the scrape. */
export function createPrometheusMetrics(options: PrometheusOptions): PrometheusMetrics {
  const all = new Catalogue();
  const readInstance = instanceGauges(all);
  const counted = {
    ...connectionMetrics(all),
    ...deliveryMetrics(all),
    ...catchUpMetrics(all),
    ...publishMetrics(all),
    ...engineMetrics(all),
  };
  const { loopWasLate, readProcess } = processMetrics(all, options.build);
  return {
    ...counted,
    loopWasLate,
    contentType: all.contentType,
    scrape: (reading) => {
      readInstance(reading);
      readProcess(options.usage());
      return all.text();
    },
  };
}

/** How the instance stands; gives what sets them. */
function instanceGauges(all: Catalogue): (reading: InstanceReading) => void {
  const connections = all.gauge('connections', 'Connections of this instance, by state.', ['state']);
  const connectionsLimit = all.gauge('connections_limit', 'Connections that this instance takes.');
  const waiting = all.gauge('send_queue_messages', 'Messages that wait to be sent, over all connections.');
  const most = all.gauge('send_queue_messages_max', 'Messages that wait for the connection that has most.');
  const waitingLimit = all.gauge('send_queue_limit', 'Live events that may wait for one connection.');
  const draining = all.gauge('draining', '1 while the instance lets its clients go.');
  const left = all.gauge('drain_connections_left', 'Connections that a drain still waits for.');
  const seconds = all.gauge('drain_seconds_left', 'Time until the deadline of a drain.');
  const probeAge = all.gauge('engine_probe_age_seconds', 'How long ago the engine answered a probe.');
  const instances = all.gauge('instances', 'Instances that the registry knows, by status.', ['status']);
  const sharing = all.gauge('rate_limit_instances', 'Instances that share the limit over the cluster.');
  return (reading) => {
    for (const [state, count] of Object.entries(reading.connections)) connections.set({ state }, count);
    for (const [status, count] of Object.entries(reading.instances)) instances.set({ status }, count);
    connectionsLimit.set(reading.limits.connections);
    waiting.set(reading.waiting.total);
    most.set(reading.waiting.most);
    waitingLimit.set(reading.limits.waiting);
    draining.set(reading.drain.isDraining ? 1 : 0);
    left.set(reading.drain.connections);
    seconds.set(reading.drain.seconds);
    probeAge.set(reading.probeAgeSeconds);
    sharing.set(reading.limitInstances);
  };
}
