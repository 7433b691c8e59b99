import { describe, expect, test } from 'vitest';
import type { DashboardClient } from '../support/dashboard-client.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

const ALL = { agent_ids: null, project_ids: null, event_types: null };

/** Contract §4: what a client may say, and what comes of it. */
export function messageSuite(rig: () => ServerRig): void {
  const publish = async (user: string, agents: readonly string[]): Promise<string> => {
    let epoch: unknown;
    for (const [index, agent_id] of agents.entries()) {
      epoch = (await rig().worker.accepted(numberedEvent(user, index, { agent_id }))).epoch;
    }
    return String(epoch);
  };
  /** Whose events pass, of one event of each agent. */
  const passing = async (
    client: DashboardClient,
    user: string,
    agents: readonly string[],
  ): Promise<unknown[]> => {
    const before = client.events.length;
    // An event is handed to all connections of a user in one go: what this one has seen, the other was asked about.
    const unfiltered = await rig().live(user);
    await publish(user, agents);
    await unfiltered.until(({ payload }) => payload.agent_id === agents.at(-1));
    client.send('PING');
    await client.next('PONG');
    return client.events.slice(before).map(({ payload }) => payload.agent_id);
  };

  test.each([
    { type: 'PING' },
    { type: 'PING', payload: {} },
    { type: 'PING', payload: null },
    { type: 'PING', payload: { more: 1 }, id: 7 },
  ])('%j is answered by PONG', async (message) => {
    const client = await rig().live(newUser());
    client.sendRaw(JSON.stringify(message));
    expect(await client.next('PONG')).toEqual({
      type: 'PONG',
      timestamp: expect.stringMatching(/Z$/),
      payload: {},
    });
  });

  test.each([{}, { last_sequence_id: 3 }, { last_sequence_id: null }])(
    'PONG %j is taken in silence',
    async (payload) => {
      const client = await rig().live(newUser());
      client.send('PONG', payload);
      client.send('PING');
      await client.next('PONG');
      expect(client.frames.at(-2)?.type).toBe('REPLAY_END');
    },
  );

  describe('SUBSCRIBE', () => {
    test('replaces the filters', async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1', event_types: 'OTHER' } });
      client.send('SUBSCRIBE', { agent_ids: ['a-2', 'a-3'], project_ids: null });
      const { payload } = await client.next('FILTERS_UPDATED');
      expect(payload).toEqual({ filters: { ...ALL, agent_ids: ['a-2', 'a-3'] } });
      expect(await passing(client, user, ['a-1', 'a-2', 'a-3'])).toEqual(['a-2', 'a-3']);
    });

    test('with nothing lets everything through', async () => {
      const client = await rig().live(newUser(), { query: { agent_ids: 'a-1' } });
      client.send('SUBSCRIBE');
      expect((await client.next('FILTERS_UPDATED')).payload).toEqual({ filters: ALL });
    });

    test('with a position replays after it, under the new filters', async () => {
      const user = newUser();
      const epoch = await publish(user, ['a-1', 'a-2', 'a-1', 'a-2']);
      const client = await rig().connect(user, { query: { last_sequence_id: 'latest', agent_ids: 'a-1' } });
      await client.next('CONNECTED');
      client.send('SUBSCRIBE', { agent_ids: ['a-2'], last_sequence_id: 2, epoch });
      await client.next('REPLAY_END');
      const filters = { ...ALL, agent_ids: ['a-2'] };
      const range = { after_sequence_id: 2, complete: true, missing: null };
      expect(client.frames.slice(1)).toMatchObject([
        { type: 'FILTERS_UPDATED', payload: { filters } },
        { type: 'REPLAY_START', payload: { reason: 'requested', epoch, ...range } },
        { type: 'NUMBERED', sequence_id: 4 },
        { type: 'REPLAY_END', payload: { sequence_id: 4, delivered: 1 } },
      ]);
    });

    test.each([
      { agent_ids: ['a 1'] },
      { agent_ids: 'a-1' },
      { project_ids: [1] },
      { event_types: ['lower'] },
      { agent_ids: Array.from({ length: 51 }, (_, n) => `a-${n}`) },
    ])('with filters %j is an error, and the old ones stay', async (filters) => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1' } });
      client.send('SUBSCRIBE', { ...filters, last_sequence_id: 0 });
      const { payload } = await client.next('ERROR');
      expect(payload).toEqual({ code: 'invalid_filters', message: expect.stringMatching(/wanted/) });
      expect(await passing(client, user, ['a-1', 'a-2'])).toEqual(['a-1']);
    });
  });

  describe('UNSUBSCRIBE', () => {
    test('takes values out of the filters', async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1,a-2,a-3', event_types: 'NUMBERED' } });
      client.send('UNSUBSCRIBE', { agent_ids: ['a-2', 'a-9'] });
      const filters = { ...ALL, agent_ids: ['a-1', 'a-3'], event_types: ['NUMBERED'] };
      expect((await client.next('FILTERS_UPDATED')).payload).toEqual({ filters });
      expect(await passing(client, user, ['a-1', 'a-2', 'a-3'])).toEqual(['a-1', 'a-3']);
    });

    test('of the last value leaves nothing that passes', async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1' } });
      client.send('UNSUBSCRIBE', { agent_ids: ['a-1'] });
      expect((await client.next('FILTERS_UPDATED')).payload).toEqual({ filters: { ...ALL, agent_ids: [] } });
      expect(await passing(client, user, ['a-1', 'a-2'])).toEqual([]);
    });
  });

  describe('REPLAY', () => {
    test('goes back to a position, then on with what is live', async () => {
      const user = newUser();
      const epoch = await publish(user, ['a-1', 'a-2', 'a-3']);
      const client = await rig().live(user);
      client.send('REPLAY', { last_sequence_id: 1, epoch });
      expect((await client.next('REPLAY_START')).payload).toMatchObject({
        reason: 'requested',
        after_sequence_id: 1,
        complete: true,
      });
      expect((await client.next('REPLAY_END')).payload).toEqual({ sequence_id: 3, delivered: 2 });
      await publish(user, ['a-4']);
      await client.until(({ sequence_id }) => sequence_id === 4);
      expect(client.events.map(({ sequence_id }) => sequence_id)).toEqual([1, 2, 3, 2, 3, 4]);
    });

    test('of an unknown epoch names what is missing', async () => {
      const user = newUser();
      await publish(user, ['a-1']);
      const client = await rig().live(user);
      client.send('REPLAY', { last_sequence_id: 1, epoch: 'another' });
      expect((await client.next('REPLAY_START')).payload).toMatchObject({
        complete: false,
        missing: { reason: 'epoch_changed' },
      });
      expect((await client.next('REPLAY_END')).payload).toEqual({ sequence_id: 1, delivered: 1 });
    });
  });
}
