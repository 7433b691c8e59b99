import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { InstanceReading, Metrics, PublishOutcome } from '../../core/ports/metrics.ts';
import type { Priority } from '../../protocol/events.ts';
import { PRIORITIES } from '../../protocol/events.ts';
import type { ProblemCode } from '../../protocol/problems.ts';
import type { DropReason, Missing, ReplayReason } from '../../protocol/server-messages.ts';
import {
  CLOSE_CODES,
  DROP_REASONS,
  MISSING,
  OUTCOMES,
  PROBLEM_CODES,
  PUBLISH_STATUSES,
  REPLAY_REASONS,
} from './labels.ts';
import { Tallies, Tally } from './tallies.ts';

/** From a page that was reloaded to a dashboard that stays for a day, in seconds. */
const CONNECTION_SECONDS = [1, 10, 60, 300, 1_800, 3_600, 14_400, 86_400];
/** From an engine in the process to one that hardly answers, in seconds. */
const PROBE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Settling = { settle(): void };

/** The metrics of one instance in a registry of their own, so that two in one process do not mix. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #settling: Settling[] = [];
  readonly #gauges = createGauges(this.#registry);
  readonly #opened = this.#tally('connections_opened_total', 'Connections that were opened.');
  readonly #delivered = this.#tally('frames_delivered_total', 'Frames of any kind handed to sockets.');
  readonly #repaired = this.#tally('gaps_repaired_total', 'Missed events found and read from the log.');
  readonly #missed = this.#tally('heartbeats_missed_total', 'PINGs without any answer in time.');
  readonly #expired = this.#tally('tokens_expired_total', 'Connections closed because their token expired.');
  readonly #probeFailures = this.#tally(
    'engine_probe_failures_total',
    'Probes that the engine did not answer.',
  );
  readonly #closed = this.#tallies('connections_closed_total', 'Connections that ended, by close code.', {
    code: CLOSE_CODES,
  });
  readonly #refused = this.#tallies('upgrades_refused_total', 'Upgrades refused, by problem.', {
    problem: PROBLEM_CODES,
  });
  readonly #published = this.#tallies('events_published_total', 'Events of publish requests, by result.', {
    result: OUTCOMES,
  });
  readonly #answered = this.#tallies('publish_requests_total', 'Publish requests answered, by HTTP status.', {
    status: PUBLISH_STATUSES,
  });
  readonly #dropped = this.#grid('events_dropped_total', 'Events shed, and named to their client.', {
    reason: DROP_REASONS,
    priority: PRIORITIES,
  });
  readonly #replayed = this.#grid(
    'replays_total',
    'Replays announced, by reason and by why events are missing.',
    {
      reason: REPLAY_REASONS,
      missing: MISSING,
    },
  );
  readonly #duration = this.#histogram(
    'connection_duration_seconds',
    'How long connections lasted.',
    CONNECTION_SECONDS,
  );
  readonly #probe = this.#histogram(
    'engine_probe_seconds',
    'How long the engine took to answer a probe.',
    PROBE_SECONDS,
  );

  /** The media type of what `scrape` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the Prometheus text format 0.0.4; `reading` is how the instance stands now. */
  scrape(reading: InstanceReading): Promise<string> {
    for (const settling of this.#settling) settling.settle();
    const { connections, waiting, eventLoopLagSeconds, isDraining } = reading;
    const gauges = this.#gauges;
    for (const [state, count] of Object.entries(connections)) gauges.connections.set({ state }, count);
    gauges.waiting.set(waiting.total);
    gauges.mostWaiting.set(waiting.most);
    gauges.lag.set(eventLoopLagSeconds);
    gauges.draining.set(isDraining ? 1 : 0);
    return this.#registry.metrics();
  }

  connectionOpened(): void {
    this.#opened.add(1);
  }

  connectionClosed(code: number, seconds: number): void {
    this.#closed.add(String(code));
    this.#duration.observe(seconds);
  }

  upgradeRefused(problem: ProblemCode): void {
    this.#refused.add(problem);
  }

  delivered(frames: number): void {
    this.#delivered.add(frames);
  }

  dropped(reason: DropReason, priority: Priority): void {
    this.#dropped.get(reason)?.add(priority);
  }

  replayed(reason: ReplayReason, missing: Missing | null): void {
    this.#replayed.get(reason)?.add(missing?.reason ?? 'none');
  }

  repaired(): void {
    this.#repaired.add(1);
  }

  heartbeatMissed(): void {
    this.#missed.add(1);
  }

  tokenExpired(): void {
    this.#expired.add(1);
  }

  published(outcome: PublishOutcome, events: number): void {
    this.#published.add(outcome, events);
  }

  publishAnswered(status: number): void {
    this.#answered.add(String(status));
  }

  engineProbed(seconds: number): void {
    this.#probe.observe(seconds);
  }

  engineProbeFailed(): void {
    this.#probeFailures.add(1);
  }

  #settled<Item extends Settling>(item: Item): Item {
    this.#settling.push(item);
    return item;
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name: `agentcast_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #tally(name: string, help: string): Tally {
    const counter = this.#counter(name, help);
    return this.#settled(new Tally((count) => counter.inc(count)));
  }

  /** @param labels one label, and every value it takes */
  #tallies(name: string, help: string, labels: Readonly<Record<string, readonly string[]>>): Tallies {
    const [[label, values] = ['', []]] = Object.entries(labels);
    return this.#settled(new Tallies(this.#counter(name, help, [label]), { label, values }));
  }

  /** @param labels two labels, and every value they take; the counts stand by the value of the first */
  #grid(
    name: string,
    help: string,
    labels: Readonly<Record<string, readonly string[]>>,
  ): Map<string, Tallies> {
    const [[first, rows] = ['', []], [label, values] = ['', []]] = Object.entries(labels);
    const counter = this.#counter(name, help, [first, label]);
    return new Map(
      rows.map((row) => [
        row,
        this.#settled(new Tallies(counter, { label, values, fixed: { [first]: row } })),
      ]),
    );
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `agentcast_${name}`, help, buckets, registers: [this.#registry] });
  }
}

function createGauges(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `agentcast_${name}`, help, labelNames, registers: [registry] });
  return {
    connections: gauge('connections', 'Connections of this instance, by state.', ['state']),
    waiting: gauge('send_queue_messages', 'Messages that wait to be sent, over all connections.'),
    mostWaiting: gauge('send_queue_messages_max', 'Messages that wait for the connection that has most.'),
    lag: gauge('event_loop_lag_seconds', 'How late the event loop came to its last look at the clock.'),
    draining: gauge('draining', '1 while the instance lets its clients go.'),
  };
}
