import { describe, expect, test } from 'vitest';
import { newUser } from '../support/tokens.ts';
import { numberedEvent, statusEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Contract §4 and §5: what is published is what every client of the user sees, and nobody else (G5). */
export function deliverySuite(rig: () => ServerRig): void {
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

    test("carries its worker's traceparent, live and replayed; what is none is ignored", async () => {
      const user = newUser();
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const live = await rig().live(user);
      await rig().worker.accepted(numberedEvent(user, 1), { headers: { traceparent } });
      await rig().worker.accepted(numberedEvent(user, 2), { headers: { traceparent: `${traceparent}-x` } });
      await live.until(({ payload }) => payload.n === 2);
      const replayed = await rig().live(user);
      for (const client of [live, replayed]) {
        const [traced, other] = client.events;
        expect(traced).toMatchObject({ sequence_id: 1, traceparent });
        expect(other).not.toHaveProperty('traceparent');
      }
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
        task_id: 'no task\nof ours',
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
      expect(await rig().numbersSeen(client, user, [numberedEvent(user, 1, { priority })])).toEqual([1]);
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
    expect(await rig().numbersSeen(mine, one, [numberedEvent(other, 1), numberedEvent(one, 2)])).toEqual([2]);
    expect(await rig().numbersSeen(theirs, other, [numberedEvent(one, 3)])).toEqual([1]);
  });
}
