import { describe, expect, test } from 'vitest';
import { seededRandom, seedOfRun } from '../support/random.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import { publishToCrowd } from './server-crowd.ts';
import type { ServerRig } from './server-rig.ts';

const NO_FILTERS = { agent_ids: null, project_ids: null, event_types: null };

/** Contract §3 and §4: what a client gets when it connects, from where it says it is. */
export function replaySuite(rig: () => ServerRig): void {
  /** Publishes events numbered from 1 to `count`; gives the epoch. */
  const publish = async (user: string, count: number): Promise<string> => {
    let epoch: unknown;
    for (let n = 1; n <= count; n++) {
      const fields = { agent_id: n % 2 === 0 ? 'a-even' : 'a-odd' };
      epoch = (await rig().worker.accepted(numberedEvent(user, n, fields))).epoch;
    }
    return String(epoch);
  };
  /** What a client is told from the beginning to its first REPLAY_END: types, and sequence ids of events. */
  const story = async (user: string, query: Record<string, string>) => {
    const client = await rig().live(user, { query });
    const [connected, start, ...rest] = client.frames;
    const end = rest.pop();
    return { client, connected, start, events: rest.map(({ sequence_id }) => sequence_id), end };
  };

  test('CONNECTED comes first, with every field', async () => {
    const user = newUser();
    const epoch = await publish(user, 2);
    const query = { agent_ids: 'a-1,a-2', event_types: 'X' };
    const { connected, client } = await story(user, query);
    expect(connected).toEqual({
      type: 'CONNECTED',
      timestamp: expect.stringMatching(/Z$/),
      payload: {
        connection_id: expect.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
        instance_id: expect.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
        user_id: user,
        epoch,
        sequence_id: 2,
        heartbeat_interval_ms: 30_000,
        heartbeat_timeout_ms: 10_000,
        replay_window_ms: 300_000,
        filters: { agent_ids: ['a-1', 'a-2'], project_ids: null, event_types: ['X'] },
      },
    });
    const again = await rig().live(user);
    expect(again.frames[0]?.payload.connection_id).not.toBe(client.frames[0]?.payload.connection_id);
    expect(again.frames[0]?.payload.filters).toEqual(NO_FILTERS);
  });

  describe('replay', () => {
    test('of a stream that is empty', async () => {
      const { start, events, end, connected } = await story(newUser(), {});
      const epoch = connected?.payload.epoch;
      const nothing = { after_sequence_id: 0, complete: true, missing: null };
      expect(start).toMatchObject({
        type: 'REPLAY_START',
        payload: { reason: 'connected', epoch, ...nothing },
      });
      expect(events).toEqual([]);
      expect(end).toMatchObject({ type: 'REPLAY_END', payload: { sequence_id: 0, delivered: 0 } });
    });

    test('of the whole window, then live', async () => {
      const user = newUser();
      const epoch = await publish(user, 3);
      const { client, start, events, end } = await story(user, {});
      expect(start).toEqual({
        type: 'REPLAY_START',
        timestamp: expect.stringMatching(/Z$/),
        payload: { reason: 'connected', epoch, after_sequence_id: 0, complete: true, missing: null },
      });
      expect(events).toEqual([1, 2, 3]);
      expect(end?.payload).toEqual({ sequence_id: 3, delivered: 3 });
      await rig().worker.accepted(numberedEvent(user, 4));
      expect(await client.next('NUMBERED')).toMatchObject({ sequence_id: 4, payload: { n: 4 } });
    });

    test('after a position, with its epoch or without', async () => {
      const user = newUser();
      const epoch = await publish(user, 4);
      const queries: Record<string, string>[] = [{ last_sequence_id: '2', epoch }, { last_sequence_id: '2' }];
      for (const query of queries) {
        const { start, events, end } = await story(user, query);
        expect(start?.payload).toMatchObject({ after_sequence_id: 2, complete: true, missing: null });
        expect(events).toEqual([3, 4]);
        expect(end?.payload).toEqual({ sequence_id: 4, delivered: 2 });
      }
    });

    test('of nothing, for a client that is at the end', async () => {
      const user = newUser();
      const epoch = await publish(user, 2);
      const { start, events, end } = await story(user, { last_sequence_id: '2', epoch });
      expect(start?.payload).toMatchObject({ after_sequence_id: 2, complete: true });
      expect(events).toEqual([]);
      expect(end?.payload).toEqual({ sequence_id: 2, delivered: 0 });
    });

    test('passes through the filters', async () => {
      const user = newUser();
      await publish(user, 5);
      const { events, end } = await story(user, { agent_ids: 'a-even' });
      expect(events).toEqual([2, 4]);
      expect(end?.payload).toEqual({ sequence_id: 5, delivered: 2 });
    });

    test('for a position of another epoch says so, and delivers what there is (G4)', async () => {
      const user = newUser();
      const epoch = await publish(user, 3);
      const { start, events } = await story(user, { last_sequence_id: '2', epoch: 'another' });
      const missing = { from_sequence_id: 3, reason: 'epoch_changed' };
      expect(start?.payload).toMatchObject({ epoch, complete: false, missing });
      expect(events).toEqual([1, 2, 3]);
    });

    test('for a position that lies ahead of the stream says so too (G4)', async () => {
      const user = newUser();
      const epoch = await publish(user, 3);
      const { start, events } = await story(user, { last_sequence_id: '7', epoch });
      expect(start?.payload).toMatchObject({ complete: false, missing: { reason: 'epoch_changed' } });
      expect(events).toEqual([1, 2, 3]);
    });

    test('does not happen for latest: live events follow CONNECTED at once', async () => {
      const user = newUser();
      await publish(user, 3);
      const client = await rig().connect(user, { query: { last_sequence_id: 'latest' } });
      expect((await client.next('CONNECTED')).payload.sequence_id).toBe(3);
      await rig().worker.accepted(numberedEvent(user, 4));
      await client.next('NUMBERED');
      expect(client.frames.map(({ type }) => type)).toEqual(['CONNECTED', 'NUMBERED']);
      expect(client.frames[1]).toMatchObject({ sequence_id: 4 });
    });
  });

  const seed = seedOfRun();
  test(`nothing is lost or doubled between replay and live (G1, G2, G3; SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const crowd = { rigs: [rig()], user: newUser(), events: 500, dashboards: 20, random };
    const ledgers = await publishToCrowd(crowd);
    expect(ledgers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(ledgers.map(({ position }) => position)).toEqual(ledgers.map(() => crowd.events));
  });
}
