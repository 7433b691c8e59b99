import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newUser } from '../support/tokens.ts';
import type { Fields } from '../support/worker.ts';
import { numberedEvent, statusEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';
import { expectProblem } from './server-rig.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Contract §5: idempotency, and batches. */
export function batchSuite(rig: () => ServerRig): void {
  describe('webhook-id', () => {
    test('again with the same body gives the first answer and publishes nothing', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const id = randomUUID();
      const first = await rig().worker.accepted(numberedEvent(user, 1), { id });
      await rig().worker.accepted(numberedEvent(user, 2));
      // Signed anew, as a worker that retries later does.
      const again = await rig().worker.publish(numberedEvent(user, 1), {
        id,
        at: new Date(Date.now() + 5_000),
      });
      expect(again).toMatchObject({ status: 202, body: { ...first, duplicate: true } });
      await rig().worker.accepted(numberedEvent(user, 3));
      await client.until(({ payload }) => payload.n === 3);
      expect(client.events.map(({ payload }) => payload.n)).toEqual([1, 2, 3]);
    });

    test('of a progress update counts too', async () => {
      const id = randomUUID();
      const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
      const event = statusEvent(newUser(), { event_type: 'PROGRESS_UPDATE', payload });
      const first = await rig().worker.accepted(event, { id });
      expect(await rig().worker.accepted(event, { id })).toEqual({
        ...first,
        sequence_id: null,
        duplicate: true,
      });
    });

    test('many times at once publishes once', async () => {
      const user = newUser();
      const id = randomUUID();
      const answers = await Promise.all(
        numbers(10).map(() => rig().worker.accepted(numberedEvent(user, 1), { id })),
      );
      expect(answers.filter(({ duplicate }) => duplicate === undefined)).toHaveLength(1);
      expect(new Set(answers.map(({ sequence_id }) => sequence_id))).toEqual(new Set([1]));
      expect(await rig().worker.accepted(numberedEvent(user, 2))).toMatchObject({ sequence_id: 2 });
    });

    test('with another body is 409 and publishes nothing', async () => {
      const [user, other] = [newUser(), newUser()];
      const id = randomUUID();
      await rig().worker.accepted(numberedEvent(user, 1), { id });
      for (const event of [numberedEvent(user, 2), numberedEvent(other, 1)]) {
        const answer = await rig().worker.publish(event, { id });
        expectProblem(answer);
        expect(answer.status).toBe(409);
      }
      expect(await rig().worker.accepted(numberedEvent(user, 2))).toMatchObject({ sequence_id: 2 });
      expect(await rig().worker.accepted(numberedEvent(other, 1))).toMatchObject({ sequence_id: 1 });
    });

    test('of a refused request is not used up', async () => {
      const user = newUser();
      const id = randomUUID();
      expect((await rig().worker.publish(numberedEvent(user, 1, { agent_id: '!' }), { id })).status).toBe(
        400,
      );
      expect(await rig().worker.accepted(numberedEvent(user, 1), { id })).toMatchObject({ sequence_id: 1 });
    });
  });

  describe('a batch', () => {
    const resultsOf = (body: Fields) => body.results as Fields[];

    test('of 500 is accepted, with a result for each in order, and delivered', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const id = randomUUID();
      const events = numbers(500).map((n) => numberedEvent(user, n));
      const { status, body } = await rig().worker.batch(events, { id });
      expect(status).toBe(202);
      expect(resultsOf(body).map(({ sequence_id }) => sequence_id)).toEqual(numbers(500));
      await client.until(({ payload }) => payload.n === 500);
      expect(client.events.map(({ payload }) => payload.n)).toEqual(numbers(500));
      const again = await rig().worker.batch(events, { id });
      expect(resultsOf(again.body)).toEqual(
        resultsOf(body).map((result) => ({ ...result, duplicate: true })),
      );
      expect(await rig().worker.accepted(numberedEvent(user, 501))).toMatchObject({ sequence_id: 501 });
    });

    test('may be for several users, and hold progress', async () => {
      const [one, other] = [newUser(), newUser()];
      const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
      const progress = statusEvent(one, { event_type: 'PROGRESS_UPDATE', payload });
      const { body } = await rig().worker.batch([
        numberedEvent(one, 1),
        progress,
        numberedEvent(other, 1),
        numberedEvent(one, 2),
      ]);
      expect(resultsOf(body).map(({ sequence_id }) => sequence_id)).toEqual([1, null, 1, 2]);
    });

    test.each<[string, (user: string) => unknown, string[]]>([
      [
        'with one invalid event',
        (user) => [numberedEvent(user, 1), numberedEvent(user, 2, { agent_id: '!' })],
        ['events.1.agent_id'],
      ],
      [
        'with several',
        (user) => [{}, numberedEvent(user, 1), statusEvent(user, { payload: {} }), 7],
        [
          'events.0.agent_id',
          'events.0.event_type',
          'events.0.payload',
          'events.0.user_id',
          'events.2.payload.new_status',
          'events.2.payload.old_status',
          'events.3',
        ],
      ],
      [
        'with a payload of more than 64 KiB',
        (user) => [numberedEvent(user, 1, { payload: { x: 'x'.repeat(65_536) } })],
        ['events.0.payload'],
      ],
      ['of nothing', () => [], ['events']],
      ['of 501', (user) => numbers(501).map((n) => numberedEvent(user, n)), ['events']],
      ['that is no list', () => ({}), ['events']],
    ])('%s is refused whole', async (_, eventsOf, paths) => {
      const user = newUser();
      const answer = await rig().worker.batch(eventsOf(user) as Fields[]);
      expectProblem(answer);
      expect(answer.status).toBe(400);
      expect((answer.body.errors as Fields[]).map(({ path }) => path).sort()).toEqual(paths);
      expect(await rig().worker.accepted(numberedEvent(user, 1))).toMatchObject({ sequence_id: 1 });
    });

    test('again with another body is 409', async () => {
      const user = newUser();
      const id = randomUUID();
      await rig().worker.batch([numberedEvent(user, 1)], { id });
      expect((await rig().worker.batch([numberedEvent(user, 2)], { id })).status).toBe(409);
    });
  });
}
