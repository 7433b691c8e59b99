import { describe, expect, test } from 'vitest';
import type { ServerFrame } from '../support/dashboard-client.ts';
import { newUser } from '../support/tokens.ts';
import { type Fields, numberedEvent, statusEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

const updateOf = (user: string, payload: Fields, agent = 'a-1'): Fields => ({
  event_type: 'PROGRESS_UPDATE',
  user_id: user,
  agent_id: agent,
  payload: { task_id: 't-1', total_steps: 200, ...payload },
});

const steps = (frames: readonly ServerFrame[]) => frames.map(({ payload }) => Number(payload.current_step));

const isProgress = ({ type }: ServerFrame): boolean => type === 'PROGRESS_UPDATE';

/** Contract G10: what a dashboard sees of a task is calm. */
export function progressSuite(rig: () => ServerRig): void {
  describe('progress', () => {
    test('is merged: few messages stand for every update, the first and the last at once', async () => {
      const user = newUser();
      const client = await rig().live(user);
      await rig().worker.accepted(updateOf(user, { current_step: 1 }));
      const first = await client.next('PROGRESS_UPDATE');
      expect(first.payload).toMatchObject({ progress_percent: 0.5, merged: 1 });
      const updates = Array.from({ length: 199 }, (_, n) => updateOf(user, { current_step: n + 2 }));
      expect((await rig().worker.batch(updates)).status).toBe(202);
      const last = await client.until(({ payload }) => payload.current_step === 200);
      expect(last.payload).toMatchObject({ progress_percent: 100, estimated_seconds_remaining: 0 });
      const frames = client.frames.filter(isProgress);
      expect(frames.reduce((sum, { payload }) => sum + Number(payload.merged), 0)).toBe(200);
      expect(steps(frames)).toEqual(steps(frames).sort((one, other) => one - other));
      expect(frames.length).toBeLessThan(50);
    });

    test('that comes late is accepted, and not shown', async () => {
      const user = newUser();
      const client = await rig().live(user);
      for (const current_step of [7, 6, 200, 150]) {
        const body = await rig().worker.accepted(updateOf(user, { current_step }));
        expect(body).toEqual({ sequence_id: null, epoch: expect.any(String) });
      }
      await rig().worker.accepted(updateOf(user, { current_step: 1 }));
      await client.until(({ payload }) => payload.current_step === 1);
      expect(steps(client.frames.filter(isProgress))).toEqual([7, 200, 1]);
    });

    test('of a task ends with its status: what waits is sent before, and who comes later is not shown it', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const update = (current_step: number) => updateOf(user, { current_step });
      const payload = { old_status: 'working', new_status: 'failed', task_id: 't-1' };
      const failed = statusEvent(user, { payload });
      await rig().worker.batch([update(1), update(2), update(9), failed]);
      await client.next('AGENT_STATUS_CHANGED');
      const seen = client.events.map(({ payload }) => payload.current_step ?? payload.new_status);
      expect(seen.slice(-2)).toEqual([9, 'failed']);
      const late = await rig().live(user);
      expect(late.events.map(({ type }) => type)).toEqual(['AGENT_STATUS_CHANGED']);
    });

    test('of running tasks is there for who connects, within the filters; of ended ones it is not', async () => {
      const user = newUser();
      const { worker } = rig();
      await worker.accepted(updateOf(user, { current_step: 3, message: 'three' }));
      await worker.accepted(updateOf(user, { current_step: 2, message: 'two' }));
      await worker.accepted(updateOf(user, { task_id: 't-2', current_step: 200 }));
      await worker.accepted(updateOf(user, { current_step: 9 }, 'a-2'));
      const client = await rig().connect(user, { query: { last_sequence_id: 'latest', agent_ids: 'a-1' } });
      expect((await client.next('PROGRESS_UPDATE')).payload).toEqual({
        agent_id: 'a-1',
        task_id: 't-1',
        current_step: 3,
        total_steps: 200,
        message: 'three',
        progress_percent: 1.5,
        estimated_seconds_remaining: null,
        merged: 1,
      });
      await worker.accepted(numberedEvent(user, 1));
      await client.next('NUMBERED');
      expect(client.frames.filter(isProgress)).toHaveLength(1);
    });
  });
}
