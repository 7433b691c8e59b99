import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newUser } from '../support/tokens.ts';
import type { Fields, SendOptions, WorkerAnswer } from '../support/worker.ts';
import { numberedEvent, PUBLISH, PUBLISH_BATCH, statusEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';
import { expectProblem } from './server-rig.ts';

const MINUTE = 60_000;
const KIB = 1024;

/** Contract §5: what a worker is refused, and that nothing comes of it (G12). */
export function publishRefusalSuite(rig: () => ServerRig): void {
  /** Expects a refusal, and that the user's stream is as it was. */
  const refused = async (answer: WorkerAnswer, user: string): Promise<WorkerAnswer> => {
    expectProblem(answer);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await rig().worker.accepted(numberedEvent(user, 1))).toMatchObject({ sequence_id: 1 });
    return answer;
  };
  const pathsOf = ({ body }: WorkerAnswer) => (body.errors as { path: string }[]).map(({ path }) => path);
  const progress = (fields: Fields): Fields => ({
    event_type: 'PROGRESS_UPDATE',
    payload: { task_id: 't-1', current_step: 1, total_steps: 2, ...fields },
  });

  describe('400', () => {
    test.each<[string, Fields, string[]]>([
      ['no event type', { event_type: undefined }, ['event_type']],
      ['an event type in small letters', { event_type: 'status' }, ['event_type']],
      ['an event type that is too long', { event_type: 'X'.repeat(65) }, ['event_type']],
      ['no user', { user_id: undefined }, ['user_id']],
      ['a user that no key could hold', { user_id: 'a{b}' }, ['user_id']],
      ['a user that is a number', { user_id: 7 }, ['user_id']],
      ['no agent', { agent_id: undefined }, ['agent_id']],
      ['an agent with a space', { agent_id: 'a 1' }, ['agent_id']],
      ['a project with a slash', { project_id: 'p/1' }, ['project_id']],
      ['an unknown priority', { priority: 'urgent' }, ['priority']],
      ['an unknown field', { colour: 'red' }, ['colour']],
      ['no payload', { payload: undefined }, ['payload']],
      ['a payload that is a list', { payload: [] }, ['payload']],
      ['a payload that is a text', { payload: 'x' }, ['payload']],
      ['an unknown status', { payload: { old_status: 'idle', new_status: 'dead' } }, ['payload.new_status']],
      ['no old status', { payload: { new_status: 'idle' } }, ['payload.old_status']],
      [
        'a progress over 100',
        { payload: { old_status: 'idle', new_status: 'idle', progress: 101 } },
        ['payload.progress'],
      ],
      ['progress without a task', progress({ task_id: undefined }), ['payload.task_id']],
      ['progress of no steps', progress({ current_step: 0, total_steps: 0 }), ['payload.total_steps']],
      ['progress beyond the last step', progress({ current_step: 3 }), ['payload.current_step']],
      ['progress in parts of a step', progress({ current_step: 0.5 }), ['payload.current_step']],
      ['several faults', { agent_id: '', user_id: '!', priority: 1 }, ['user_id', 'agent_id', 'priority']],
    ])('%s', async (_, fields, paths) => {
      const user = newUser();
      const answer = await refused(await rig().worker.publish(statusEvent(user, fields)), user);
      expect(answer.status).toBe(400);
      expect(pathsOf(answer).sort()).toEqual([...paths].sort());
    });

    test.each(['', '{', 'null', '[]', '"text"', '{"event_type":"X"}'])('a body of %s', async (text) => {
      // Without a body, the target is what is signed.
      const answer = await rig().worker.send(PUBLISH, text === '' ? null : text);
      expectProblem(answer);
      expect(answer.status).toBe(400);
    });
  });

  describe('401, and nothing says which', () => {
    const faults: [string, SendOptions][] = [
      ['no webhook-id', { headers: { 'webhook-id': null } }],
      ['no webhook-timestamp', { headers: { 'webhook-timestamp': null } }],
      ['no webhook-signature', { headers: { 'webhook-signature': null } }],
      ['no x-service-name', { headers: { 'x-service-name': null } }],
      ['an unknown service', { headers: { 'x-service-name': 'others' } }],
      ['another id', { headers: { 'webhook-id': randomUUID() } }],
      // Behind: the test may run a while after this, and 30 seconds ahead can be the right time by then.
      ['another timestamp', { headers: { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 30) } }],
      [
        'a wrong signature',
        { headers: { 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` } },
      ],
      ['a signature that is none', { headers: { 'webhook-signature': 'x' } }],
      ['a stale request', { at: new Date(Date.now() - 6 * MINUTE) }],
      ['a request of the future', { at: new Date(Date.now() + 6 * MINUTE) }],
    ];

    test.each(faults)('%s', async (_, options) => {
      const user = newUser();
      const { status, body } = await refused(await rig().worker.publish(statusEvent(user), options), user);
      expect(status).toBe(401);
      const unsigned = await fetch(rig().server.url + PUBLISH, { method: 'POST', body: 'x' });
      expect(body).toEqual(await unsigned.json());
    });

    test('another body than the one signed', async () => {
      const answer = await rig().worker.send(PUBLISH, '{}', {
        headers: { 'webhook-signature': 'v1,AAAA v1,BBBB' },
      });
      expect(answer.status).toBe(401);
    });

    test('a fault of the body is not told to strangers', async () => {
      const response = await fetch(rig().server.url + PUBLISH, { method: 'POST', body: '{}' });
      expect(response.status).toBe(401);
    });
  });

  test.each(['/api/v1/internal/ws/publishx', '/api/v1/internal/ws/publish/', '/api/v1/internal/nothing'])(
    '404 for %s',
    async (path) => {
      const answer = await rig().worker.send(path, '{}');
      expectProblem(answer);
      expect(answer.status).toBe(404);
    },
  );

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('405 for %s', async (method) => {
    const answer = await rig().worker.send(PUBLISH, method === 'GET' ? null : '{}', { method });
    expectProblem(answer);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });

  describe('413', () => {
    test.each([
      [PUBLISH, 'with its length'],
      [PUBLISH_BATCH, 'with its length'],
    ])('a body of more than 1 MiB to %s', async (path) => {
      const answer = await rig().worker.send(path, JSON.stringify({ pad: 'x'.repeat(KIB * KIB) }));
      expectProblem(answer);
      expect(answer.status).toBe(413);
    });

    test('a body of more than 1 MiB that does not say its length', async () => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let n = 0; n < 20; n++) controller.enqueue(new Uint8Array(64 * KIB).fill(0x20));
          controller.close();
        },
      });
      const response = await fetch(rig().server.url + PUBLISH, {
        method: 'POST',
        body,
        duplex: 'half',
      } as RequestInit);
      expect(response.status).toBe(413);
    });

    test('a payload of more than 64 KiB', async () => {
      const user = newUser();
      const payload = { text: 'x'.repeat(64 * KIB) };
      expect(
        (await refused(await rig().worker.publish(numberedEvent(user, 1, { payload })), user)).status,
      ).toBe(413);
    });

    test('not a payload of 64 KiB, whose every byte is delivered', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const payload = { text: 'ü'.repeat(32 * KIB - 6) };
      expect(Buffer.byteLength(JSON.stringify(payload))).toBe(64 * KIB - 1);
      await rig().worker.accepted(numberedEvent(user, 1, { payload }));
      expect((await client.next('NUMBERED')).payload.text).toBe(payload.text);
    });
  });

  describe('415', () => {
    test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', null])(
      '%s',
      async (type) => {
        const user = newUser();
        const answer = await rig().worker.publish(statusEvent(user), { headers: { 'content-type': type } });
        expect((await refused(answer, user)).status).toBe(415);
      },
    );

    test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8'])(
      'not %s',
      async (type) => {
        const headers = { 'content-type': type };
        expect((await rig().worker.publish(statusEvent(newUser()), { headers })).status).toBe(202);
      },
    );
  });
}
