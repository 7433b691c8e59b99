import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { newUser } from '../support/tokens.ts';
import { type Fields, numberedEvent, PUBLISH } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';
import { expectProblem, WAIT } from './server-rig.ts';

const ROOT = '/api/v1/internal/ws';
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Contract §5: what operators see, and whom they disconnect. */
export function operatorSuite(rig: () => ServerRig): void {
  const get = (path: string) => rig().worker.send(ROOT + path, null, { method: 'GET' });
  const post = (path: string, body: string | null = null) => rig().worker.send(ROOT + path, body);
  const connectionsOf = async (user: string) =>
    (await get(`/connections?user_id=${user}`)).body.connections as Fields[];

  describe('operators', () => {
    test('see the instances', async () => {
      const { status, body } = await get('/instances');
      expect(status).toBe(200);
      const { port } = new URL(rig().server.url);
      const mine = (body.instances as Fields[]).filter((instance) => instance.port === Number(port));
      expect(mine).toEqual([
        {
          instance_id: expect.stringMatching(/./),
          hostname: expect.stringMatching(/./),
          port: Number(port),
          status: 'active',
          connection_count: expect.any(Number),
          started_at: expect.stringMatching(RFC_3339),
          last_heartbeat: expect.stringMatching(RFC_3339),
          age_ms: expect.any(Number),
        },
      ]);
    });

    test("see a user's connections, with filters and positions as they change", async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1' } });
      await rig().live(newUser());
      const id = client.frames[0]?.payload.connection_id;
      expect(await connectionsOf(user)).toEqual([
        {
          connection_id: id,
          user_id: user,
          instance_id: client.frames[0]?.payload.instance_id,
          connected_at: expect.stringMatching(RFC_3339),
          last_heartbeat: expect.stringMatching(RFC_3339),
          filters: { agent_ids: ['a-1'], project_ids: null, event_types: null },
          last_sequence_id: 0,
          is_draining: false,
        },
      ]);
      client.send('SUBSCRIBE', { project_ids: ['p-9'] });
      client.send('PONG', { last_sequence_id: 7 });
      const filters = { agent_ids: null, project_ids: ['p-9'], event_types: null };
      await vi.waitFor(
        async () => expect(await connectionsOf(user)).toMatchObject([{ filters, last_sequence_id: 7 }]),
        WAIT,
      );
      await client.close();
      await vi.waitFor(async () => expect(await connectionsOf(user)).toEqual([]), WAIT);
    });

    test('disconnect one connection, and no other', async () => {
      const user = newUser();
      const [goes, stays] = [await rig().live(user), await rig().live(user)];
      const id = goes.frames[0]?.payload.connection_id;
      const { status, body } = await post(`/connections/${id}/disconnect`);
      expect([status, body]).toEqual([200, { disconnected: [id] }]);
      expect(await goes.closed()).toMatchObject({ code: 4002, reason: 'disconnected_by_operator' });
      await vi.waitFor(async () => expect(await connectionsOf(user)).toHaveLength(1), WAIT);
      stays.send('PING');
      await stays.next('PONG');
    });

    test('disconnect a user, and nobody else', async () => {
      const user = newUser();
      const clients = [await rig().live(user), await rig().live(user)];
      const other = await rig().live(`${user}x`);
      const { status, body } = await post(`/users/${user}/disconnect`, '{}');
      expect(status).toBe(200);
      const ids = clients.map(({ frames }) => frames[0]?.payload.connection_id);
      expect(new Set(body.disconnected as string[])).toEqual(new Set(ids));
      for (const client of clients) expect(await client.closed()).toMatchObject({ code: 4002 });
      other.send('PING');
      await other.next('PONG');
    });

    test('disconnecting a user who is not there disconnects nobody', async () => {
      const { status, body } = await post(`/users/${newUser()}/disconnect`);
      expect([status, body]).toEqual([200, { disconnected: [] }]);
    });

    test('are told what happened to an event, and where it is', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const picky = await rig().live(user, { query: { agent_ids: 'a-9' } });
      const { sequence_id, epoch } = await rig().worker.accepted(numberedEvent(user, 1, { agent_id: 'a-2' }));
      await client.until(({ payload }) => payload.n === 1);
      const { status, body } = await get(`/explain?user_id=${user}&sequence_id=${sequence_id}`);
      expect(status).toBe(200);
      const { instance_id, connection_id } = client.frames[0]?.payload ?? {};
      const event = {
        event_type: 'NUMBERED',
        agent_id: 'a-2',
        project_id: null,
        task_id: null,
        priority: 'normal',
      };
      expect(body).toMatchObject({
        user_id: user,
        sequence_id,
        log: { state: 'kept', epoch, oldest_sequence_id: 1, newest_sequence_id: 1 },
      });
      expect((body.log as Fields).event).toEqual({ ...event, timestamp: expect.stringMatching(RFC_3339) });
      const own = { instance_id, answered: true, connections: 2, knows_since: null, left_out: 0 };
      expect(body.instances).toContainEqual(own);
      const history = (body.history as Fields[]).map(({ what, connection_id }) => [what, connection_id]);
      expect(history).toHaveLength(4);
      expect(new Map(history.map(([what, id]) => [what, id] as const))).toEqual(
        new Map([
          ['appended', null],
          ['handed_over', null],
          ['filtered', picky.frames[0]?.payload.connection_id],
          ['sent', connection_id],
        ]),
      );
      expect((body.history as Fields[])[0]).toEqual({
        time: expect.stringMatching(RFC_3339),
        instance_id,
        connection_id: null,
        what: 'appended',
        reason: null,
      });
    });

    test('are told that an event was not published, and of a user who has none', async () => {
      const user = newUser();
      await rig().worker.accepted(numberedEvent(user, 1));
      const [next, none] = await Promise.all([
        get(`/explain?user_id=${user}&sequence_id=2`),
        get(`/explain?user_id=${user}x&sequence_id=1`),
      ]);
      expect(next.body).toMatchObject({ log: { state: 'not_published', event: null }, history: [] });
      expect(none.body).toMatchObject({ log: null, history: [] });
    });

    test.each([
      ['neither', '/explain', ['user_id', 'sequence_id']],
      ['what is no sequence id', '/explain?user_id=u-1&sequence_id=1.5', ['sequence_id']],
      ['0', '/explain?user_id=u-1&sequence_id=0', ['sequence_id']],
      ['a number too large', '/explain?user_id=u-1&sequence_id=9007199254740992', ['sequence_id']],
      ['too much', '/explain?user_id=u-1&sequence_id=1&sequence_id=2&epoch=e', ['sequence_id', 'epoch']],
    ])('400 for an event to explain with %s', async (_, path, paths) => {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expectProblem(answer);
      expect((answer.body.errors as Fields[]).map(({ path }) => path)).toEqual(paths);
    });

    test('404 for a connection that is not there', async () => {
      const answer = await post(`/connections/${randomUUID()}/disconnect`);
      expect(answer.status).toBe(404);
      expectProblem(answer);
    });

    test.each([
      ['no user', '/connections'],
      ['an empty user', '/connections?user_id='],
      ['a user who is none', '/connections?user_id=a%20b'],
      ['two users', '/connections?user_id=u-1&user_id=u-2'],
      ['an unknown parameter', '/connections?user_id=u-1&limit=5'],
    ])('400 for %s', async (_, path) => {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expectProblem(answer);
      expect(answer.body.errors).toHaveLength(1);
    });

    test('400 for a user to disconnect who is none', async () => {
      expect((await post('/users/a%20b/disconnect')).status).toBe(400);
    });

    test.each([
      ['/connections/c-1/disconnect', '{"event_type":"NOTE"}'],
      ['/users/u-1/disconnect', ' '],
    ])('POST %s takes no body: its signature would say nothing of the target', async (path, body) => {
      const [refused, large] = [await post(path, body), await post(path, ' '.repeat(1024 * 1024 + 1))];
      expect([refused.status, large.status]).toEqual([400, 413]);
      expectProblem(refused);
    });

    test('a signature over {} serves for one target, and again for that', async () => {
      const users = [newUser(), newUser()];
      const stays = await rig().live(users[1] ?? '');
      const signed = (path: string) => rig().worker.send(ROOT + path, '{}', { id: `m-${users[0]}` });
      const first = `/users/${users[0]}/disconnect`;
      expect([(await signed(first)).status, (await signed(first)).status]).toEqual([200, 200]);
      const { connection_id } = stays.frames[0]?.payload ?? {};
      for (const path of [`/users/${users[1]}/disconnect`, `/connections/${connection_id}/disconnect`]) {
        const answer = await signed(path);
        expect(answer.status).toBe(409);
        expectProblem(answer);
      }
      stays.send('PING');
      await stays.next('PONG');
    });

    test.each([
      ['GET', '/instances'],
      ['GET', '/connections?user_id=u-1'],
      ['GET', '/explain?user_id=u-1&sequence_id=1'],
      ['POST', '/connections/c-1/disconnect'],
      ['POST', '/users/u-1/disconnect'],
    ])('401 for %s %s that is not signed, or signed for another target', async (method, path) => {
      const bare = await fetch(rig().server.url + ROOT + path, { method });
      expect(bare.status).toBe(401);
      const headers = { 'x-service-name': 'nobody' };
      expect((await rig().worker.send(ROOT + path, null, { method, headers })).status).toBe(401);
      const other = await rig().worker.send(`${ROOT}${path}`, null, {
        method,
        headers: signedFor(rig(), PUBLISH),
      });
      expect(other.status).toBe(401);
    });

    test.each([
      ['POST', '/instances', 'GET, HEAD'],
      ['DELETE', '/connections?user_id=u-1', 'GET, HEAD'],
      ['GET', '/users/u-1/disconnect', 'POST'],
    ])('405 for %s %s', async (method, path, allowed) => {
      const { status, headers } = await rig().worker.send(ROOT + path, null, { method });
      expect([status, headers.get('allow')]).toEqual([405, allowed]);
    });
  });
}

/** The signature of another request than the one that carries it. */
const signedFor = ({ worker }: ServerRig, target: string): Record<string, string> =>
  worker.signatureOf(target);
