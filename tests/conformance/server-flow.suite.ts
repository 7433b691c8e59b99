import { describe, expect, test } from 'vitest';
import type { DashboardClient } from '../support/dashboard-client.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { Cell } from './server-rig.ts';
import { useServer } from './server-rig.ts';

const LIMITS = { WS_RATE_LIMIT_PER_CONNECTION: '20', WS_SEND_BUFFER_SIZE: '10', WS_QUEUE_TTL: '30s' };

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Events and drops as they came, drops as `x<from>-<to>`. */
const storyOf = (client: DashboardClient) =>
  client.frames.flatMap(({ type, sequence_id, payload }) => {
    if (type === 'MESSAGES_DROPPED') return `x${payload.from_sequence_id}-${payload.to_sequence_id}`;
    return sequence_id ?? [];
  });

/** Contract §4 and §8 (G3, G7, G11): what waits, what is shed, and how a client gets it back. */
export function flowSuite(cell: Cell): void {
  describe('flow control', () => {
    const rig = useServer(cell, LIMITS);

    test('a burst is paced, what there is no room for is named in its place, and REPLAY brings it', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const events = range(1, 100).map((n) => numberedEvent(user, n));
      const start = performance.now();
      expect((await rig().worker.batch(events)).status).toBe(202);
      const dropped = await client.next('MESSAGES_DROPPED');
      // What the bucket had, what flowed into it meanwhile, and what may wait.
      const seconds = (performance.now() - start) / 1_000;
      const first = Number(dropped.payload.from_sequence_id);
      expect(first).toBeGreaterThanOrEqual(30);
      expect(first).toBeLessThanOrEqual(32 + 20 * seconds);
      expect(dropped.payload).toMatchObject({ reason: 'rate_limited', recoverable: true });
      expect(dropped.payload.by_priority).toEqual({ normal: dropped.payload.count });

      client.send('REPLAY', { last_sequence_id: first - 1 });
      await client.next('REPLAY_END');
      const named = storyOf(client).filter((one) => typeof one === 'string');
      expect(client.events.map(({ payload }) => payload.n).slice(0, first - 1)).toEqual(range(1, first - 1));
      expect(client.events.slice(-(100 - first + 1)).map(({ payload }) => payload.n)).toEqual(
        range(first, 100),
      );
      expect(named[0]).toBe(`x${first}-${dropped.payload.to_sequence_id}`);
    });

    test('a critical event waits for nothing, and takes along what stands before it', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const events = range(1, 28).map((n) => numberedEvent(user, n));
      const critical = numberedEvent(user, 29, { priority: 'critical' });
      await rig().worker.batch([...events, critical]);
      await client.until(({ payload }) => payload.n === 29);
      expect(client.events.map(({ payload }) => payload.n)).toEqual(range(1, 29));
      expect(client.frames.map(({ type }) => type)).not.toContain('MESSAGES_DROPPED');
    });

    test('low goes before normal, and critical stays', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const priorities = ['low', 'normal', 'critical', 'low'];
      const events = range(1, 120).map((n) => numberedEvent(user, n, { priority: priorities[n % 4] }));
      await rig().worker.batch(events);
      await rig().worker.accepted(numberedEvent(user, 121, { priority: 'critical' }));
      await client.until(({ payload }) => payload.n === 121);
      const seen = client.events.map(({ payload }) => Number(payload.n));
      expect(seen.filter((n) => n % 4 === 2)).toEqual(range(1, 120).filter((n) => n % 4 === 2));
      expect(seen).toEqual([...seen].sort((one, other) => one - other));
      const dropped = client.frames.filter(({ type }) => type === 'MESSAGES_DROPPED');
      const count = dropped.reduce((sum, { payload }) => sum + Number(payload.count), 0);
      expect(count + seen.length).toBe(121);
      expect(dropped.map(({ payload }) => payload.by_priority)).not.toContainEqual(
        expect.objectContaining({ critical: expect.anything() }),
      );
    });

    test('the eleventh request of a second is refused, and says when to come again', async () => {
      const client = await rig().live(newUser());
      for (const n of range(1, 12)) client.send('SUBSCRIBE', { agent_ids: [`a-${n}`] });
      const refusal = await client.next('ERROR');
      expect(refusal.payload).toMatchObject({ code: 'rate_limited', retry_after_ms: expect.any(Number) });
      expect(client.frames.filter(({ type }) => type === 'FILTERS_UPDATED').length).toBeGreaterThanOrEqual(
        10,
      );
      client.send('PING');
      await client.next('PONG');
    });
  });
}
