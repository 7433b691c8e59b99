import { describe, expect, test, vi } from 'vitest';
import { countsOf, parseMetrics } from '../support/metrics-text.ts';
import { queries, readDeployed, seriesIn } from '../support/monitoring.ts';
import { noPromtool, promtool } from '../support/promtool.ts';
import { TEST_JWT_SECRET, TEST_SERVICE_KEY } from '../support/server-process.ts';
import { aloneInstance } from '../support/test-instance.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { Cell, ServerRig } from './server-rig.ts';
import { useServer, WAIT } from './server-rig.ts';

/** Contract §7: what a server counts. */
export function metricsSuite(cell: Cell): void {
  describe('GET /metrics', () => {
    // Nothing else happens to this server, so that its numbers are those of these tests.
    const rig = useServer(cell);
    const scrape = async (): Promise<string> => (await rig().get('/metrics')).text();
    const counts = async () => countsOf(parseMetrics(await scrape()));

    test('is the Prometheus text format', async () => {
      const response = await rig().get('/metrics');
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4(;|$)/);
      expect(response.headers.get('cache-control')).toBe('no-store');
      const names = [...parseMetrics(await response.text()).keys()];
      expect(names).toContain('agentcast_frames_delivered_total{type="PING"}');
      expect(names.filter((name) => !name.startsWith('agentcast_'))).toEqual([]);
    });

    test('has every series from the first scrape on, the same on every runtime and engine', async () => {
      const { core, metrics } = aloneInstance();
      const namesIn = (text: string) =>
        [...parseMetrics(text).keys()].filter((name) => !name.startsWith('agentcast_build_info{'));
      expect(namesIn(await scrape())).toEqual(namesIn(await metrics.scrape(core.reading())));
    });

    test('says what happened, and nothing of who', async () => {
      const user = newUser();
      const secrets = await someThings(rig(), user);
      await vi.waitFor(
        async () => expect(await counts()).toMatchObject({ 'connections_closed_total{code="1000"}': 1 }),
        WAIT,
      );
      const counted = await counts();
      expect(counted).toMatchObject({
        'connections{state="live"}': 1,
        connections_opened_total: 2,
        connection_duration_seconds_count: 1,
        'replays_total{reason="connected",missing="none"}': 2,
        'events_published_total{result="accepted"}': 3,
        'events_published_total{result="duplicate"}': 1,
        'events_published_total{result="conflict"}': 1,
        'publish_requests_total{status="202"}': 3,
        'publish_requests_total{status="400"}': 1,
        'publish_requests_total{status="401"}': 1,
        'publish_requests_total{status="409"}': 1,
        // The plain requests that are told the same are no upgrades.
        'upgrades_refused_total{problem="unauthorized"}': 1,
        'upgrades_refused_total{problem="invalid-parameters"}': 1,
      });
      expect(counted).toMatchObject({
        'frames_delivered_total{type="CONNECTED"}': 2,
        'frames_delivered_total{type="REPLAY_START"}': 2,
        'frames_delivered_total{type="REPLAY_END"}': 2,
        // Three events to each, as fast as that: none of them waited.
        'frames_delivered_total{type="other"}': 6,
        'replays_ended_total{reason="connected",outcome="caught_up"}': 2,
        'instances{status="active"}': expect.any(Number),
      });
      expect(counted.delivery_latency_seconds_count).toBeGreaterThan(0);
      const text = await scrape();
      for (const secret of secrets) expect(text).not.toContain(secret);
    });

    test.skipIf(noPromtool !== null)(`is well made, as promtool sees it${noPromtool ?? ''}`, async () => {
      const { status, output } = await promtool(['check', 'metrics'], await scrape());
      expect(output).toBe('');
      expect(status).toBe(0);
    });

    test('has whatever the dashboard and the alerts ask for', async () => {
      const there = new Set([...parseMetrics(await scrape()).keys()].map((name) => name.replace(/\{.*/, '')));
      const asked = seriesIn(queries().join('\n') + readDeployed('prometheus/alerts.yml'));
      expect(asked.length).toBeGreaterThan(30);
      expect(asked.filter((name) => !there.has(name))).toEqual([]);
    });

    test('says what runs, and what it uses', async () => {
      const counted = await counts();
      const [build = ''] = Object.keys(counted).filter((name) => name.startsWith('build_info'));
      expect(build).toMatch(/version="\d+\.\d+\.\d+",runtime="(node|deno)",runtime_version="\d+\.\d+\.\d+"/);
      expect(counted['process_cpu_seconds_total{mode="user"}']).toBeGreaterThan(0.05);
      expect(counted.process_resident_memory_bytes).toBeGreaterThan(20_000_000);
      expect(counted.process_heap_used_bytes).toBeGreaterThan(1_000_000);
      expect(Math.abs(Date.now() / 1_000 - Number(counted.process_start_time_seconds))).toBeLessThan(3_600);
      await vi.waitFor(
        async () => expect((await counts()).event_loop_lag_seconds_count).toBeGreaterThan(5),
        WAIT,
      );
    });

    test('a probe of the engine is timed', async () => {
      await vi.waitFor(
        async () => expect((await counts()).engine_probe_seconds_count).toBeGreaterThan(0),
        WAIT,
      );
    });
  });
}

/** Does a little of everything; gives what no scrape may have in it. */
async function someThings(rig: ServerRig, user: string): Promise<string[]> {
  const [stays, leaves] = [await rig.live(user), await rig.live(user)];
  // Servers of one Redis share what was published: an id of its own.
  const id = `m-${user}`;
  await rig.worker.accepted(numberedEvent(user, 1), { id });
  await rig.worker.accepted(numberedEvent(user, 1), { id });
  await rig.worker.publish(numberedEvent(user, 2), { id });
  await rig.worker.publish({ user_id: user });
  await rig.worker.publish({}, { headers: { 'webhook-signature': 'v1,forged' } });
  await rig.worker.batch([numberedEvent(user, 2), numberedEvent(user, 3)]);
  for (const client of [stays, leaves]) await client.until(({ payload }) => payload.n === 3);
  const token = await tokenFor(user);
  await rig.refusal({ query: { token: `${token}x` } });
  await rig.refusal({ query: { token, last_sequence_id: 'none' } });
  const connection = String(leaves.frames[0]?.payload.connection_id);
  await leaves.close();
  return [user, 'a-1', token, connection, TEST_JWT_SECRET, TEST_SERVICE_KEY];
}
