import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../support/free-port.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { startRedis } from '../support/redis-server.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { Cell } from './server-rig.ts';
import { expectProblem, ServerRig, WAIT } from './server-rig.ts';

/** An unreachable engine is a 503 within this time, never a hang (contract §5). */
const WITHIN_MS = 2_000;

/** Contract §3, §5, §7: a Redis that does not answer, and comes back. */
export function outageSuite(cell: Cell): void {
  describe.skipIf(cell.redisUrl === null)('outage', () => {
    let redis: RedisServer;
    let rig: ServerRig;
    let latePort: number;
    /** Comes up without its Redis, which takes a while, and has this while. */
    let early: Promise<ServerProcess>;

    beforeAll(async () => {
      latePort = await freePort();
      early = cell.start({ REDIS_URL: `redis://127.0.0.1:${latePort}` });
      redis = await startRedis();
      rig = new ServerRig(await cell.start({ REDIS_URL: redis.url }));
    });
    afterAll(async () => {
      rig.cutClients();
      await Promise.all([rig.server.stop(), (await early).stop()]);
      await redis.stop();
    });

    const readiness = () => rig.get('/readyz');
    const expectReady = () => vi.waitFor(async () => expect((await readiness()).status).toBe(200), WAIT);
    const expectUnready = () =>
      vi.waitFor(async () => {
        const response = await readiness();
        expect(response.status).toBe(503);
        expect(await response.json()).toMatchObject({ detail: expect.stringMatching(/Redis/) });
        expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      }, WAIT);

    const expectRefused = async (event: Record<string, unknown>, id = randomUUID()): Promise<void> => {
      const start = performance.now();
      const answer = await rig.worker.publish(event, { id });
      expect(performance.now() - start).toBeLessThan(WITHIN_MS);
      expectProblem(answer);
      expect(answer).toMatchObject({
        status: 503,
        body: { type: 'urn:agentcast:problem:engine-unavailable' },
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    };
    const expectNoUpgrade = async (): Promise<void> => {
      const { status, headers } = await rig.slowRefusal({ query: { token: await tokenFor(newUser()) } });
      expect(status).toBe(503);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    };

    const expectNothing = async (): Promise<void> => {
      const operators = [
        ['GET', '/instances'],
        ['GET', '/connections?user_id=u-1'],
        ['GET', '/explain?user_id=u-1&sequence_id=1'],
        ['POST', '/connections/c-1/disconnect'],
        ['POST', '/users/u-1/disconnect'],
      ] as const;
      const ask = ([method, path]: (typeof operators)[number]) =>
        rig.worker.send(`/api/v1/internal/ws${path}`, null, { method });
      const answers = [rig.worker.batch([numberedEvent('u-1', 1)]), ...operators.map(ask)];
      for (const { status } of await Promise.all(answers)) expect(status).toBe(503);
    };

    test('frozen: 503 within 2 seconds, and the same id again is safe', async () => {
      const user = newUser();
      const client = await rig.live(user);
      const id = randomUUID();
      await redis.kill('SIGSTOP');
      await Promise.all([expectRefused(numberedEvent(user, 1), id), expectNoUpgrade()]);
      await expectRefused(numberedEvent(user, 1), id);
      await expectUnready();
      await redis.kill('SIGCONT');
      await expectReady();
      await rig.worker.accepted(numberedEvent(user, 1), { id });
      await rig.worker.accepted(numberedEvent(user, 2));
      await client.until(({ payload }) => payload.n === 2);
      expect(client.events.map(({ payload }) => payload.n)).toEqual([1, 2]);
    });

    test('stopped: 503 and not ready; started again: ready, and clients that stayed get what is new', async () => {
      const user = newUser();
      const client = await rig.live(user);
      await rig.worker.accepted(numberedEvent(user, 1));
      await client.next('NUMBERED');
      await redis.kill('SIGKILL');
      await expectUnready();
      await expectRefused(numberedEvent(user, 2));
      await Promise.all([expectNoUpgrade(), expectNothing()]);
      expect((await fetch(`${rig.server.url}/healthz`)).status).toBe(200);
      await redis.restart();
      await expectReady();
      await rig.worker.accepted(numberedEvent(user, 3));
      await client.until(({ payload }) => payload.n === 3);
      await rig.live(newUser());
    });

    test('without subscriptions: no upgrade, and a plain GET says the same; publishes go on', async () => {
      const operator = new Redis(redis.url);
      try {
        await operator.call('ACL', 'SETUSER', 'default', '-subscribe', '-ssubscribe');
        await operator.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await expectUnready();
        await expectNoUpgrade();
        await rig.worker.accepted(numberedEvent(newUser(), 1));
        await operator.call('ACL', 'SETUSER', 'default', '+subscribe', '+ssubscribe');
        await expectReady();
      } finally {
        operator.disconnect();
      }
    });

    test('before the start: the server comes up not ready, and is ready when Redis is', async () => {
      const other = new ServerRig(await early);
      expect((await other.get('/readyz')).status).toBe(503);
      const late = await startRedis({ port: latePort });
      try {
        const ready = async () => expect((await other.get('/readyz')).status).toBe(200);
        await vi.waitFor(ready, WAIT);
        await other.live(newUser());
      } finally {
        other.cutClients();
        await late.stop();
      }
    });

    test('all of it is said to who runs Redis, not to who knows the client library', () => {
      expect(rig.server.output()).toContain('Redis did not answer');
      expect(rig.server.output()).not.toMatch(/Refer to|enableOfflineQueue|writeable|slots cache/);
    });
  });
}
