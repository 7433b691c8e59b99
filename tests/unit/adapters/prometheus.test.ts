import { describe, expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import type { InstanceReading } from '../../../src/core/ports/metrics.ts';
import { countsOf, parseMetrics } from '../../support/metrics-text.ts';

const QUIET: InstanceReading = {
  connections: { opening: 0, live: 0, catching_up: 0, draining: 0, closing: 0 },
  waiting: { total: 0, most: 0 },
  eventLoopLagSeconds: 0,
  isDraining: false,
};

const scraped = async (metrics: PrometheusMetrics, reading = QUIET) =>
  parseMetrics(await metrics.scrape(reading));

/** Everything that can happen, once. */
function happen(metrics: PrometheusMetrics): void {
  metrics.connectionOpened();
  metrics.connectionClosed(1000, 42);
  metrics.upgradeRefused('instance-full');
  metrics.delivered(50);
  metrics.dropped('buffer_full', 'low');
  metrics.replayed('connected', null);
  metrics.replayed('resync', { from_sequence_id: 1, to_sequence_id: 9, reason: 'trimmed' });
  metrics.repaired();
  metrics.heartbeatMissed();
  metrics.tokenExpired();
  metrics.published('accepted', 3);
  metrics.publishAnswered(202);
  metrics.engineProbed(0.003);
  metrics.engineProbeFailed();
}

const HAPPENED = {
  connections_opened_total: 1,
  'connections_closed_total{code="1000"}': 1,
  'upgrades_refused_total{problem="instance-full"}': 1,
  frames_delivered_total: 50,
  'events_dropped_total{reason="buffer_full",priority="low"}': 1,
  'replays_total{reason="connected",missing="none"}': 1,
  'replays_total{reason="resync",missing="trimmed"}': 1,
  gaps_repaired_total: 1,
  heartbeats_missed_total: 1,
  tokens_expired_total: 1,
  'events_published_total{result="accepted"}': 3,
  'publish_requests_total{status="202"}': 1,
  engine_probe_failures_total: 1,
  connection_duration_seconds_count: 1,
  connection_duration_seconds_sum: 42,
  engine_probe_seconds_count: 1,
  engine_probe_seconds_sum: 0.003,
};

const withoutBuckets = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).filter(([name]) => !name.includes('_bucket')));

describe('the metrics of an instance', () => {
  it('has every series from the first scrape on, at zero, under one prefix', async () => {
    const metrics = new PrometheusMetrics();
    const before = await scraped(metrics);
    expect(countsOf(before)).toEqual({});
    expect([...before.keys()].filter((name) => !name.startsWith('agentcast_'))).toEqual([]);
    happen(metrics);
    expect([...(await scraped(metrics)).keys()]).toEqual([...before.keys()]);
  });

  it('says what happened, and adds it up from scrape to scrape', async () => {
    const metrics = new PrometheusMetrics();
    happen(metrics);
    expect(withoutBuckets(countsOf(await scraped(metrics)))).toEqual(HAPPENED);
    expect(withoutBuckets(countsOf(await scraped(metrics)))).toEqual(HAPPENED);
    happen(metrics);
    const doubled = Object.entries(HAPPENED).map(([name, value]) => [name, 2 * value]);
    expect(withoutBuckets(countsOf(await scraped(metrics)))).toEqual(Object.fromEntries(doubled));
  });

  it('says how the instance stands at the scrape', async () => {
    const metrics = new PrometheusMetrics();
    const reading: InstanceReading = {
      connections: { opening: 1, live: 2, catching_up: 3, draining: 4, closing: 5 },
      waiting: { total: 70, most: 40 },
      eventLoopLagSeconds: 0.25,
      isDraining: true,
    };
    expect(countsOf(await scraped(metrics, reading))).toEqual({
      'connections{state="opening"}': 1,
      'connections{state="live"}': 2,
      'connections{state="catching_up"}': 3,
      'connections{state="draining"}': 4,
      'connections{state="closing"}': 5,
      send_queue_messages: 70,
      send_queue_messages_max: 40,
      event_loop_lag_seconds: 0.25,
      draining: 1,
    });
    expect(countsOf(await scraped(metrics))).toEqual({});
  });

  it('has no more series however peers close and requests end', async () => {
    const metrics = new PrometheusMetrics();
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

  it('two in one process do not mix', async () => {
    const [one, other] = [new PrometheusMetrics(), new PrometheusMetrics()];
    happen(one);
    expect(countsOf(await scraped(other))).toEqual({});
  });
});
