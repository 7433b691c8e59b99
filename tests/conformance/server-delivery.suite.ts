import { describe, expect, test } from 'vitest';
import type { DashboardClient } from '../support/dashboard-client.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import type { Fields } from '../support/worker.ts';
import { numberedEvent, statusEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Contract §4 and §5: what is published is what every client of the user sees, and nobody else (G5). */
export function deliverySuite(rig: () => ServerRig): void {
  /** Publishes events and a last one; gives which of the former a client saw. */
  const seen = async (
    client: DashboardClient,
    user: string,
    events: readonly Fields[],
  ): Promise<unknown[]> => {
    for (const event of events) await rig().worker.accepted(event);
    // Passes every filter that a test sets.
    await rig().worker.accepted(numberedEvent(user, -1, { agent_id: 'a-end', project_id: 'p-end' }));
    await client.until(({ payload }) => payload.n === -1, 'the last event');
    return client.events.map(({ payload }) => payload.n).filter((n) => n !== -1);
  };

  describe('an event', () => {
    test('AGENT_STATUS_CHANGED is delivered as published', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const payload = {
        old_status: 'working',
        new_status: 'failed',
        task_id: 't-1',
        progress: 40,
        message: 'ünï ✓ 💥',
      };
      const event = statusEvent(user, { agent_id: 'a-1', project_id: 'p-1', priority: 'critical', payload });
      const { status, body } = await rig().worker.publish(event);
      expect(status).toBe(202);
      expect(body).toEqual({ sequence_id: 1, epoch: expect.stringMatching(/^\S+$/) });
      expect(await client.next('AGENT_STATUS_CHANGED')).toEqual({
        type: 'AGENT_STATUS_CHANGED',
        timestamp: expect.stringMatching(TIMESTAMP),
        sequence_id: 1,
        payload: { agent_id: 'a-1', project_id: 'p-1', ...payload },
      });
    });

    test('has no project_id where none was given', async () => {
      const user = newUser();
      const client = await rig().live(user);
      await rig().worker.accepted(statusEvent(user));
      const { payload } = await client.next('AGENT_STATUS_CHANGED');
      expect(payload).toEqual({ agent_id: 'a-1', old_status: 'idle', new_status: 'working' });
    });

    test('of the platform’s own type carries any object', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const payload = {
        list: [1, { deep: null }],
        text: '"\\\u2028\n',
        zero: 0,
        yes: true,
        'odd key': 'x',
        sequence_id: 9,
      };
      await rig().worker.accepted({ event_type: 'X_9', user_id: user, agent_id: 'a:1', payload });
      expect(await client.next('X_9')).toMatchObject({
        sequence_id: 1,
        payload: { agent_id: 'a:1', ...payload },
      });
    });

    test('PROGRESS_UPDATE is live only: no place in the stream, its percentage computed', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const event = { event_type: 'PROGRESS_UPDATE', user_id: user, agent_id: 'a-1', project_id: 'p-1' };
      const payload = { task_id: 't-1', current_step: 1, total_steps: 3, message: 'one' };
      const body = await rig().worker.accepted({ ...event, payload });
      expect(body).toEqual({ sequence_id: null, epoch: expect.any(String) });
      const frame = await client.next('PROGRESS_UPDATE');
      expect(frame).not.toHaveProperty('sequence_id');
      expect(frame.payload).toEqual({
        agent_id: 'a-1',
        project_id: 'p-1',
        ...payload,
        progress_percent: expect.closeTo(33.3, 1),
        estimated_seconds_remaining: null,
        merged: 1,
      });
      expect(await rig().worker.accepted(numberedEvent(user, 1))).toMatchObject({ sequence_id: 1 });
    });

    test('PROGRESS_UPDATE keeps the percentage that it was given', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const payload = { task_id: 't-1', current_step: 1, total_steps: 2, progress_percent: 12.5 };
      await rig().worker.accepted({ event_type: 'PROGRESS_UPDATE', user_id: user, agent_id: 'a-1', payload });
      expect((await client.next('PROGRESS_UPDATE')).payload.progress_percent).toBe(12.5);
    });

    test.each(['critical', 'high', 'normal', 'low'])('of priority %s is delivered', async (priority) => {
      const user = newUser();
      const client = await rig().live(user);
      expect(await seen(client, user, [numberedEvent(user, 1, { priority })])).toEqual([1]);
    });

    test.each(['idle', 'working', 'stuck', 'failed', 'completed', 'cancelled'])(
      'may be %s',
      async (status) => {
        const user = newUser();
        const client = await rig().live(user);
        await rig().worker.accepted(
          statusEvent(user, { payload: { old_status: status, new_status: status } }),
        );
        expect((await client.next('AGENT_STATUS_CHANGED')).payload.new_status).toBe(status);
      },
    );

    test('is numbered densely from 1, and every client of the user gets it', async () => {
      const user = newUser();
      const clients = await Promise.all([rig().live(user), rig().live(user), rig().live(user)]);
      for (const n of [1, 2, 3, 4, 5])
        expect(await rig().worker.accepted(numberedEvent(user, n))).toMatchObject({ sequence_id: n });
      for (const client of clients) {
        await client.until(({ payload }) => payload.n === 5);
        expect(client.events.map(({ sequence_id }) => sequence_id)).toEqual([1, 2, 3, 4, 5]);
      }
    });
  });

  test('nobody gets an event of another user (G5)', async () => {
    const [one, other] = [newUser(), newUser()];
    const [mine, theirs] = [await rig().live(one), await rig().live(other)];
    expect(await seen(mine, one, [numberedEvent(other, 1), numberedEvent(one, 2)])).toEqual([2]);
    expect(await seen(theirs, other, [numberedEvent(one, 3)])).toEqual([1]);
  });

  describe('filters', () => {
    const event = (
      user: string,
      n: number,
      [agent, project, type]: [string, string | undefined, string],
    ): Fields => ({
      event_type: type,
      user_id: user,
      agent_id: agent,
      project_id: project,
      payload: { n },
    });

    test.each<[string, Record<string, string>, number[]]>([
      ['none', {}, [1, 2, 3, 4, 5, 6]],
      ['one agent', { agent_ids: 'a-1,a-end' }, [1, 3, 5]],
      ['agents: OR', { agent_ids: 'a-1,a-2,a-end' }, [1, 2, 3, 4, 5]],
      ['a project; what has none does not pass', { project_ids: 'p-1,p-end' }, [1, 2, 6]],
      ['projects: OR', { project_ids: 'p-1,p-2,p-end' }, [1, 2, 3, 6]],
      ['a type', { event_types: 'SOME,NUMBERED' }, [1, 2, 3, 6]],
      ['agent AND project', { agent_ids: 'a-1,a-end', project_ids: 'p-1,p-end' }, [1]],
      [
        'all three',
        { agent_ids: 'a-1,a-2,a-end', project_ids: 'p-1,p-2,p-end', event_types: 'OTHER,NUMBERED' },
        [],
      ],
    ])('%s', async (_, query, expected) => {
      const user = newUser();
      const client = await rig().live(user, { query });
      const all: [string, string | undefined, string][] = [
        ['a-1', 'p-1', 'SOME'],
        ['a-2', 'p-1', 'SOME'],
        ['a-1', 'p-2', 'SOME'],
        ['a-2', undefined, 'OTHER'],
        ['a-1', undefined, 'OTHER'],
        ['a-3', 'p-1', 'SOME'],
      ];
      expect(
        await seen(
          client,
          user,
          all.map((labels, index) => event(user, index + 1, labels)),
        ),
      ).toEqual(expected);
    });

    test('progress is filtered too', async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1,a-end' } });
      const progress = (agent: string, n: number): Fields => ({
        event_type: 'PROGRESS_UPDATE',
        user_id: user,
        agent_id: agent,
        payload: { task_id: `t-${n}`, current_step: 1, total_steps: 2, n },
      });
      expect(await seen(client, user, [progress('a-2', 1), progress('a-1', 2)])).toEqual([2]);
    });
  });

  describe('a token may come', () => {
    test('in the query', async () => {
      await rig().dial({ query: { token: await tokenFor(newUser()) } });
    });

    test.each(['Bearer', 'bearer'])('in an Authorization header (%s)', async (scheme) => {
      const user = newUser();
      const client = await rig().dial({ headers: { authorization: `${scheme} ${await tokenFor(user)}` } });
      expect((await client.next('CONNECTED')).payload.user_id).toBe(user);
      expect(client.protocol).toBe('');
    });

    test('as the second of a pair of subprotocols, of which only the first is named in the answer', async () => {
      const user = newUser();
      const client = await rig().dial({ protocols: ['bearer', await tokenFor(user)] });
      expect((await client.next('CONNECTED')).payload.user_id).toBe(user);
      expect(client.protocol).toBe('bearer');
    });

    test('of a user as identity providers name them', async () => {
      const user = `auth0|${newUser()}+x@example.com`;
      const client = await rig().live(user);
      expect(await seen(client, user, [numberedEvent(user, 1)])).toEqual([1]);
    });
  });
}
