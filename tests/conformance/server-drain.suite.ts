import { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { Cell } from './server-rig.ts';
import { ServerRig, WAIT } from './server-rig.ts';

/** Contract §7 and G8: how a server lets its clients go. */
export function drainSuite(cell: Cell): void {
  const withServer = async (drainTimeout: string, run: (rig: ServerRig) => Promise<void>): Promise<void> => {
    const rig = new ServerRig(await cell.start({ WS_DRAIN_TIMEOUT: drainTimeout }));
    try {
      await run(rig);
    } finally {
      rig.cutClients();
      await rig.server.stop();
    }
  };

  describe('SIGTERM', () => {
    test('begins a drain: no new clients, hints to leave, 1012 at the end, exit status 0 (G8)', async () => {
      await withServer('3s', async (rig) => {
        const user = newUser();
        const clients = await Promise.all([user, user, newUser(), newUser()].map((id) => rig.live(id)));
        rig.server.signal('SIGTERM');
        const hints = await Promise.all(clients.map((client) => client.next('SERVER_DRAINING')));
        await expectDraining(rig);
        for (const { payload } of hints) expectHint(payload, 3_000);
        expect(new Set(hints.map(({ payload }) => payload.reconnect_after_ms)).size).toBe(clients.length);
        // Publishes are accepted until the end, and delivered.
        const { status, headers } = await rig.worker.publish(numberedEvent(user, 1));
        // No proxy is to keep a connection to a server that goes.
        expect([status, headers.get('connection')]).toEqual([202, 'close']);
        await clients[0]?.next('NUMBERED');
        const closes = await Promise.all(clients.map((client) => client.closed()));
        for (const close of closes) expect(close).toEqual({ code: 1012, reason: 'service_restart' });
        expect(await rig.server.exited).toEqual({ code: 0, signal: null });
      });
    });

    test('ends as soon as all clients have left', async () => {
      await withServer('5m', async (rig) => {
        const client = await rig.live(newUser());
        rig.server.signal('SIGTERM');
        await client.next('SERVER_DRAINING');
        await client.close();
        expect(await rig.server.exited).toEqual({ code: 0, signal: null });
      });
    });

    test('a second time stops at once', async () => {
      await withServer('5m', async (rig) => {
        const client = await rig.live(newUser());
        rig.server.signal('SIGTERM');
        await client.next('SERVER_DRAINING');
        rig.server.signal('SIGTERM');
        await client.closed();
        await rig.server.exited;
      });
    });

    test('is what SIGINT is too', async () => {
      await withServer('5m', async (rig) => {
        rig.server.signal('SIGINT');
        expect(await rig.server.exited).toEqual({ code: 0, signal: null });
      });
    });

    const { redisUrl } = cell;
    test.skipIf(redisUrl === null)('takes everything of the instance out of the registry', async () => {
      const redis = new Redis(redisUrl ?? '');
      try {
        await withServer('1s', (rig) => expectCleanRegistry(rig, redis));
      } finally {
        redis.disconnect();
      }
    });
  });
}

const expectHint = (payload: Readonly<Record<string, unknown>>, deadlineMs: number): void => {
  expect(payload).toEqual({ reconnect_after_ms: expect.any(Number), deadline_ms: expect.any(Number) });
  expect(payload.deadline_ms).toBeGreaterThan(deadlineMs - 1_000);
  expect(payload.deadline_ms).toBeLessThanOrEqual(deadlineMs);
  expect(payload.reconnect_after_ms).toBeGreaterThanOrEqual(0);
  expect(payload.reconnect_after_ms).toBeLessThan(deadlineMs);
};

async function expectDraining(rig: ServerRig): Promise<void> {
  const ready = await rig.get('/readyz');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ detail: expect.stringMatching(/draining/) });
  expect((await fetch(`${rig.server.url}/healthz`)).status).toBe(200);
  const { status, headers, body } = await rig.refusal({ query: { token: await tokenFor(newUser()) } });
  expect(status).toBe(503);
  expect(body.type).toBe('urn:agentcast:problem:draining');
  expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
}

async function expectCleanRegistry(rig: ServerRig, redis: Redis): Promise<void> {
  const user = newUser();
  const client = await rig.live(user);
  const { connection_id, instance_id } = client.frames[0]?.payload ?? {};
  const [connection, instance] = [`ws:connections:${connection_id}`, `ws:instances:${instance_id}`];
  await vi.waitFor(async () => expect(await redis.hget(connection, 'is_draining')).toBe('0'), WAIT);
  rig.server.signal('SIGTERM');
  await vi.waitFor(async () => expect(await redis.hget(connection, 'is_draining')).toBe('1'), WAIT);
  expect(await redis.hget(instance, 'status')).toBe('draining');
  expect(await rig.server.exited).toEqual({ code: 0, signal: null });
  expect(await redis.exists(connection, instance, `ws:connections:user:${user}`)).toBe(0);
  expect(await redis.sismember('ws:instances', `${instance_id}`)).toBe(0);
}
