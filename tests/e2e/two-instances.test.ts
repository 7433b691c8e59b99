import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { publishToCrowd } from '../conformance/server-crowd.ts';
import { ServerRig, WAIT } from '../conformance/server-rig.ts';
import type { DashboardClient } from '../support/dashboard-client.ts';
import { seededRandom, seedOfRun } from '../support/random.ts';
import type { Runtime } from '../support/server-process.ts';
import { startServer, TEST_JWT_SECRET, TEST_SERVICE_KEY } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, statusEvent } from '../support/worker.ts';

const redisUrl = inject('redisUrl');
const NO_LIMITS = {
  WS_MAX_CONNECTIONS_PER_USER: '0',
  WS_RATE_LIMIT_PER_CONNECTION: '0',
  WS_RATE_LIMIT_GLOBAL: '0',
};
/** Times are milliseconds since 1970. */
const TIME = /^1[6-9]\d{11}$/;

describe('two instances on one Redis, one on Node, one on Deno', () => {
  const redis = new Redis(redisUrl, { lazyConnect: true });
  const names = { node: `node-${newUser()}`, deno: `deno-${newUser()}` };
  let rigs: { node: ServerRig; deno: ServerRig };

  const start = async (runtime: Runtime): Promise<ServerRig> => {
    const env = { ...NO_LIMITS, INSTANCE_ID: names[runtime] };
    return new ServerRig(await startServer({ runtime, redisUrl, env }));
  };
  beforeAll(async () => {
    const [node, deno] = await Promise.all([start('node'), start('deno')]);
    rigs = { node, deno };
  });
  afterEach(() => {
    rigs.node.cutClients();
    rigs.deno.cutClients();
  });
  afterAll(async () => {
    redis.disconnect();
    await Promise.all([rigs.node.server.stop(), rigs.deno.server.stop()]);
  });

  const idOf = (client: DashboardClient): string => String(client.frames[0]?.payload.connection_id);

  test('G10: progress that is published here and there goes backwards nowhere', async () => {
    const user = newUser();
    const clients = [await rigs.node.live(user), await rigs.deno.live(user)];
    const publish = (at: Runtime, current_step: number) => {
      const payload = { task_id: 't-1', current_step, total_steps: 10 };
      return rigs[at].worker.accepted(statusEvent(user, { event_type: 'PROGRESS_UPDATE', payload }));
    };
    await publish('node', 5);
    await publish('deno', 4);
    await publish('deno', 6);
    clients.push(await rigs.node.connect(user), await rigs.deno.connect(user));
    for (const client of clients) await client.until(({ payload }) => payload.current_step === 6);
    await publish('node', 3);
    await publish('deno', 10);
    for (const client of clients) {
      await client.until(({ payload }) => payload.current_step === 10);
      const seen = client.events.map(({ payload }) => Number(payload.current_step));
      expect(seen).toEqual([...seen].sort((one, other) => one - other));
      expect(seen).not.toContain(4);
    }
  });

  test.each<[Runtime, Runtime]>([
    ['node', 'deno'],
    ['deno', 'node'],
  ])('what is published at %s reaches clients of %s, as it does its own', async (from, to) => {
    const user = newUser();
    const [own, far] = [await rigs[from].live(user), await rigs[to].live(user)];
    await rigs[from].worker.accepted(statusEvent(user, { project_id: 'p-1' }));
    const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
    await rigs[from].worker.accepted(statusEvent(user, { event_type: 'PROGRESS_UPDATE', payload }));
    for (const type of ['AGENT_STATUS_CHANGED', 'PROGRESS_UPDATE']) {
      expect(await far.next(type)).toEqual(await own.next(type));
    }
    expect(own.events).toHaveLength(2);
    expect(far.events).toHaveLength(2);
  });

  test('the same webhook-id at the other instance is a duplicate', async () => {
    const user = newUser();
    const id = newUser();
    const first = await rigs.node.worker.accepted(numberedEvent(user, 1), { id });
    expect(await rigs.deno.worker.accepted(numberedEvent(user, 1), { id })).toEqual({
      ...first,
      duplicate: true,
    });
    expect((await rigs.deno.worker.publish(numberedEvent(user, 2), { id })).status).toBe(409);
  });

  const seed = seedOfRun();
  test(`clients that move between them lose nothing and get nothing twice (G1, G2, G3; SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const crowd = { rigs: [rigs.node, rigs.deno], user: newUser(), events: 500, dashboards: 20, random };
    const ledgers = await publishToCrowd(crowd);
    expect(ledgers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(ledgers.map(({ position }) => position)).toEqual(ledgers.map(() => crowd.events));
  });

  describe('the registry', () => {
    test.each<Runtime>(['node', 'deno'])(
      'has the connections of %s, while they are there',
      async (runtime) => {
        const user = newUser();
        const client = await rigs[runtime].live(user, { query: { agent_ids: 'a-1,a-2' } });
        const key = `ws:connections:${idOf(client)}`;
        await vi.waitFor(async () => expect(await redis.exists(key)).toBe(1), WAIT);
        expect({ ...(await redis.hgetall(key)) }).toEqual({
          connection_id: idOf(client),
          user_id: user,
          instance_id: names[runtime],
          connected_at: expect.stringMatching(TIME),
          last_heartbeat: expect.stringMatching(TIME),
          filters: JSON.stringify({ agent_ids: ['a-1', 'a-2'], project_ids: null, event_types: null }),
          last_sequence_id: '0',
          is_draining: '0',
        });
        expect(await redis.zrange(`ws:connections:user:${user}`, '0', '-1')).toEqual([idOf(client)]);
        for (const expiring of [key, `ws:connections:user:${user}`]) {
          expect(await redis.ttl(expiring)).toBeGreaterThan(0);
          expect(await redis.ttl(expiring)).toBeLessThanOrEqual(90);
        }
        await client.close();
        await vi.waitFor(
          async () => expect(await redis.exists(key, `ws:connections:user:${user}`)).toBe(0),
          WAIT,
        );
      },
    );

    test.each<Runtime>(['node', 'deno'])('has the instance on %s', async (runtime) => {
      const key = `ws:instances:${names[runtime]}`;
      expect({ ...(await redis.hgetall(key)) }).toEqual({
        instance_id: names[runtime],
        hostname: expect.stringMatching(/\S/),
        port: new URL(rigs[runtime].server.url).port,
        started_at: expect.stringMatching(TIME),
        last_heartbeat: expect.stringMatching(TIME),
        connection_count: expect.stringMatching(/^\d+$/),
        status: 'active',
      });
      expect(await redis.ttl(key)).toBeGreaterThan(0);
      expect(await redis.ttl(key)).toBeLessThanOrEqual(60);
    });
  });

  test.each<[Runtime, Runtime]>([
    ['node', 'deno'],
    ['deno', 'node'],
  ])('an operator at %s sees and disconnects a user of %s', async (at, of) => {
    const user = newUser();
    const { worker } = rigs[at];
    const clients = [await rigs[of].live(user), await rigs[of].live(user)];
    const listed = async () => {
      const path = `/api/v1/internal/ws/connections?user_id=${user}`;
      return (await worker.send(path, null, { method: 'GET' })).body.connections as Record<string, unknown>[];
    };
    const entry = { instance_id: names[of], user_id: user };
    await vi.waitFor(async () => expect(await listed()).toMatchObject([entry, entry]), WAIT);
    const { status } = await worker.send(`/api/v1/internal/ws/users/${user}/disconnect`, null);
    expect(status).toBe(200);
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 4002 });
    await vi.waitFor(async () => expect(await listed()).toEqual([]), WAIT);
  });

  test.each<[Runtime, Runtime]>([
    ['node', 'deno'],
    ['deno', 'node'],
  ])('an operator at %s is told what happened to an event at %s', async (at, of) => {
    const user = newUser();
    const client = await rigs[of].live(user);
    const { sequence_id } = await rigs[at].worker.accepted(numberedEvent(user, 1));
    await client.until(({ payload }) => payload.n === 1);
    const path = `/api/v1/internal/ws/explain?user_id=${user}&sequence_id=${sequence_id}`;
    const { body } = await rigs[at].worker.send(path, null, { method: 'GET' });
    const history = body.history as Record<string, unknown>[];
    expect(history.map(({ what, instance_id, connection_id }) => [what, instance_id, connection_id])).toEqual(
      [
        ['appended', names[at], null],
        ['handed_over', names[of], null],
        ['sent', names[of], idOf(client)],
      ],
    );
    expect(body.instances).toContainEqual(
      expect.objectContaining({ instance_id: names[of], answered: true, connections: 1 }),
    );
  });

  test('every accepted event is told once on its events:<TYPE> channel', async () => {
    const user = newUser();
    const listener = new Redis(redisUrl);
    const told: Record<string, unknown>[] = [];
    try {
      listener.on('message', (_, message: string) => told.push(JSON.parse(message)));
      await listener.subscribe('events:AGENT_STATUS_CHANGED', 'events:PROGRESS_UPDATE');
      const id = newUser();
      for (const rig of [rigs.node, rigs.deno]) await rig.worker.accepted(statusEvent(user), { id });
      const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
      await rigs.deno.worker.accepted(statusEvent(user, { event_type: 'PROGRESS_UPDATE', payload }));
      const ours = () => told.filter(({ user_id }) => user_id === user);
      await vi.waitFor(() => expect(ours()).toHaveLength(2), WAIT);
      expect(ours()).toMatchObject([
        { type: 'AGENT_STATUS_CHANGED', sequence_id: 1, payload: { agent_id: 'a-1', new_status: 'working' } },
        { type: 'PROGRESS_UPDATE', payload: { task_id: 't-1', progress_percent: 50 } },
      ]);
    } finally {
      listener.disconnect();
    }
  });

  test.each<Runtime>(['node', 'deno'])(
    'the log of %s tells of connections, and of no secret',
    async (runtime) => {
      const user = newUser();
      const token = await tokenFor(user);
      const client = await rigs[runtime].dial({ query: { token } });
      await client.next('CONNECTED');
      await client.close();
      const about = () => rigs[runtime].server.logs().filter(({ user_id }) => user_id === user);
      await vi.waitFor(
        () => expect(about().map(({ msg }) => msg)).toEqual(['connection opened', 'connection closed']),
        WAIT,
      );
      const output = rigs[runtime].server.output();
      for (const secret of [token, TEST_JWT_SECRET, TEST_SERVICE_KEY]) expect(output).not.toContain(secret);
      expect(output).not.toMatch(/v1,[A-Za-z0-9+/]/);
    },
  );
});
