import { describe, expect, it } from 'vitest';
import type { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import { DELIVERY_TYPES, typeOfMessage } from '../../../src/core/delivery-type.ts';
import type { InstanceReading } from '../../../src/core/ports/metrics.ts';
import type { Series } from '../../support/metrics-text.ts';
import { countsOf, parseMetrics } from '../../support/metrics-text.ts';
import { NO_USAGE, testMetrics } from '../../support/test-metrics.ts';

const QUIET: InstanceReading = {
  connections: { opening: 0, live: 0, catching_up: 0, draining: 0, closing: 0 },
  waiting: { total: 0, most: 0 },
  limits: { connections: 0, waiting: 0 },
  drain: { isDraining: false, connections: 0, seconds: 0 },
  probeAgeSeconds: 0,
  instances: { active: 0, draining: 0 },
  limitInstances: 0,
};

const scraped = async (metrics: PrometheusMetrics, reading = QUIET) =>
  parseMetrics(await metrics.scrape(reading));

/** Everything that can happen, once. */
function happen(metrics: PrometheusMetrics): void {
  metrics.connectionOpened();
  metrics.connectionClosed(1000, 42);
  metrics.upgradeRefused('instance-full');
  metrics.drainHinted();
  metrics.delivered(typeOfMessage('PING'), 50);
  metrics.deliveredAfter(0.004);
  metrics.heldUp('cluster', 0.3);
  metrics.leased(75);
  metrics.leaseFailed();
  metrics.dropped('buffer_full', 'low');
  metrics.replayed('connected', null);
  metrics.replayed('resync', { from_sequence_id: 1, to_sequence_id: 9, reason: 'trimmed' });
  metrics.caughtUp('connected', { events: 7, seconds: 0.2 });
  metrics.caughtUp('repair', { events: 1, seconds: 0.1 });
  metrics.replayGivenUp('requested', 'replaced');
  metrics.interrupted();
  metrics.heartbeatMissed();
  metrics.tokenExpired();
  metrics.published('accepted', 3);
  metrics.publishAnswered(202);
  metrics.publishTook(0.002);
  metrics.engineProbed({ commandSeconds: 0.001, seconds: 0.003 });
  metrics.engineProbeFailed();
  metrics.loopWasLate(0.02);
}

const HAPPENED = {
  connections_opened_total: 1,
  'connections_closed_total{code="1000"}': 1,
  'upgrades_refused_total{problem="instance-full"}': 1,
  drain_hints_total: 1,
  'frames_delivered_total{type="PING"}': 50,
  delivery_latency_seconds_count: 1,
  delivery_latency_seconds_sum: 0.004,
  'rate_limit_wait_seconds_count{limit="cluster"}': 1,
  'rate_limit_wait_seconds_sum{limit="cluster"}': 0.3,
  rate_limit_lease_messages_count: 1,
  rate_limit_lease_messages_sum: 75,
  rate_limit_lease_failures_total: 1,
  'events_dropped_total{reason="buffer_full",priority="low"}': 1,
  'replays_total{reason="connected",missing="none"}': 1,
  'replays_total{reason="resync",missing="trimmed"}': 1,
  'replays_ended_total{reason="connected",outcome="caught_up"}': 1,
  'replays_ended_total{reason="requested",outcome="replaced"}': 1,
  replay_events_count: 1,
  replay_events_sum: 7,
  'catch_up_seconds_count{reason="connected"}': 1,
  'catch_up_seconds_sum{reason="connected"}': 0.2,
  'catch_up_seconds_count{reason="repair"}': 1,
  'catch_up_seconds_sum{reason="repair"}': 0.1,
  gaps_repaired_total: 1,
  interruptions_total: 1,
  heartbeats_missed_total: 1,
  tokens_expired_total: 1,
  'events_published_total{result="accepted"}': 3,
  'publish_requests_total{status="202"}': 1,
  engine_probe_failures_total: 1,
  connection_duration_seconds_count: 1,
  connection_duration_seconds_sum: 42,
  publish_seconds_count: 1,
  publish_seconds_sum: 0.002,
  event_loop_lag_seconds_count: 1,
  event_loop_lag_seconds_sum: 0.02,
  engine_command_seconds_count: 1,
  engine_command_seconds_sum: 0.001,
  engine_probe_seconds_count: 1,
  engine_probe_seconds_sum: 0.003,
};

const withoutBuckets = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).filter(([name]) => !name.includes('_bucket')));

/** What is not zero, but for the one that says nothing of what happened. */
const happenedIn = (series: Series) =>
  Object.fromEntries(Object.entries(countsOf(series)).filter(([name]) => !name.startsWith('build_info')));

describe('the metrics of an instance', () => {
  it('has every series from the first scrape on, at zero, under one prefix', async () => {
    const metrics = testMetrics();
    const before = await scraped(metrics);
    expect(happenedIn(before)).toEqual({});
    expect([...before.keys()].filter((name) => !name.startsWith('agentcast_'))).toEqual([]);
    happen(metrics);
    expect([...(await scraped(metrics)).keys()]).toEqual([...before.keys()]);
  });

  it('says what happened, and adds it up from scrape to scrape', async () => {
    const metrics = testMetrics();
    happen(metrics);
    expect(withoutBuckets(happenedIn(await scraped(metrics)))).toEqual(HAPPENED);
    expect(withoutBuckets(happenedIn(await scraped(metrics)))).toEqual(HAPPENED);
    happen(metrics);
    const doubled = Object.entries(HAPPENED).map(([name, value]) => [name, 2 * value]);
    expect(withoutBuckets(happenedIn(await scraped(metrics)))).toEqual(Object.fromEntries(doubled));
  });

  it('says how the instance stands at the scrape', async () => {
    const metrics = testMetrics();
    const reading: InstanceReading = {
      connections: { opening: 1, live: 2, catching_up: 3, draining: 4, closing: 5 },
      waiting: { total: 70, most: 40 },
      limits: { connections: 10_000, waiting: 100 },
      drain: { isDraining: true, connections: 15, seconds: 12.5 },
      probeAgeSeconds: 0.75,
      instances: { active: 2, draining: 1 },
      limitInstances: 3,
    };
    expect(happenedIn(await scraped(metrics, reading))).toEqual({
      'connections{state="opening"}': 1,
      'connections{state="live"}': 2,
      'connections{state="catching_up"}': 3,
      'connections{state="draining"}': 4,
      'connections{state="closing"}': 5,
      connections_limit: 10_000,
      send_queue_messages: 70,
      send_queue_messages_max: 40,
      send_queue_limit: 100,
      draining: 1,
      drain_connections_left: 15,
      drain_seconds_left: 12.5,
      engine_probe_age_seconds: 0.75,
      'instances{status="active"}': 2,
      'instances{status="draining"}': 1,
      rate_limit_instances: 3,
    });
    expect(happenedIn(await scraped(metrics))).toEqual({});
  });

  it('has no more series however peers close and requests end', async () => {
    const metrics = testMetrics();
    const before = [...(await scraped(metrics)).keys()];
    for (let code = 1000; code < 5000; code++) metrics.connectionClosed(code, 1);
    for (let status = 200; status < 600; status++) metrics.publishAnswered(status);
    const after = await scraped(metrics);
    expect([...after.keys()]).toEqual(before);
    expect(after.get('agentcast_connections_closed_total{code="4101"}')).toBe(1);
    const codes = [...after].filter(([name]) => name.includes('closed_total{'));
    expect(codes.reduce((sum, [, count]) => sum + count, 0)).toBe(4000);
    expect(after.get('agentcast_publish_requests_total{status="other"}')).toBe(392);
  });

  it('says what the process uses: time adds up, memory is what it is', async () => {
    let usage = { ...NO_USAGE, cpuUserSeconds: 2, cpuSystemSeconds: 1, residentBytes: 90, heapUsedBytes: 40 };
    const metrics = testMetrics(() => usage);
    await scraped(metrics);
    usage = { ...usage, cpuUserSeconds: 2.5, residentBytes: 80 };
    expect(happenedIn(await scraped(metrics))).toEqual({
      'process_cpu_seconds_total{mode="user"}': 2.5,
      'process_cpu_seconds_total{mode="system"}': 1,
      process_resident_memory_bytes: 80,
      process_heap_used_bytes: 40,
    });
  });

  it('counts each value in the bucket that ends with it, and what is no time in none', async () => {
    const metrics = testMetrics();
    for (const seconds of [0, 0.001, 0.0011, 10, 11, Number.NaN, -1]) metrics.deliveredAfter(seconds);
    const series = await scraped(metrics);
    const bucket = (le: string) => series.get(`agentcast_delivery_latency_seconds_bucket{le="${le}"}`);
    expect(['0.001', '0.0025', '5', '10', '+Inf'].map(bucket)).toEqual([2, 3, 3, 4, 5]);
    expect(series.get('agentcast_delivery_latency_seconds_count')).toBe(5);
    expect(series.get('agentcast_delivery_latency_seconds_sum')).toBeCloseTo(21.0021);
  });

  it('counts frames by the types that the protocol names, and all others as one', async () => {
    const metrics = testMetrics();
    for (const [type] of DELIVERY_TYPES.entries()) metrics.delivered(type, type + 1);
    const series = await scraped(metrics);
    for (const [index, type] of DELIVERY_TYPES.entries())
      expect(series.get(`agentcast_frames_delivered_total{type="${type}"}`)).toBe(index + 1);
  });

  it('two in one process do not mix', async () => {
    const [one, other] = [testMetrics(), testMetrics()];
    happen(one);
    expect(happenedIn(await scraped(other))).toEqual({});
  });
});
