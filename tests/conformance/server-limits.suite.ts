import { randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { plainGet } from '../support/http-answer.ts';
import { RawClient } from '../support/raw-client.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import type { Cell, ConnectOptions } from './server-rig.ts';
import { ServerRig, useServer } from './server-rig.ts';

const LIMITS = {
  WS_MAX_CONNECTIONS_PER_USER: '2',
  WS_MAX_CONNECTIONS_PER_INSTANCE: '4',
  WS_CONNECT_RATE_PER_ADDRESS: '3',
  // Every test comes from an address of its own.
  TRUSTED_PROXIES: '127.0.0.0/8',
  WS_HEARTBEAT_INTERVAL: '300ms',
  WS_HEARTBEAT_TIMEOUT: '300ms',
  WS_HEARTBEAT_MISSES: '3',
};

const newAddress = (): string => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;
const from = (address = newAddress()): ConnectOptions => ({ headers: { 'x-forwarded-for': address } });

/** Contract §3: 429 and 503 where there are too many, with nothing taken by what is refused (G12). And heartbeats. */
export function limitSuite(cell: Cell): void {
  describe('limits', () => {
    const rig = useServer(cell, LIMITS);
    afterEach(() => {
      rig().cutClients();
      return rig().allGone();
    });

    /** How one more is refused. */
    const refusal = async (user: string, options = from()) =>
      await rig().refusal({ query: { token: await tokenFor(user) }, ...options });
    const explained = async (user: string, options = from()): Promise<number> =>
      (await plainGet(rig().agents({ token: await tokenFor(user) }), options)).status;
    const expectRetryAfter = (headers: { 'retry-after'?: string }, most: number) => {
      expect(headers['retry-after']).toMatch(/^\d+$/);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(most);
    };

    test('429 beyond the connections of a user, until one is gone', async () => {
      const user = newUser();
      const [first] = [await rig().live(user, from()), await rig().live(user, from())];
      for (let n = 0; n < 3; n++) {
        const { status, headers, body } = await refusal(user);
        expect(status).toBe(429);
        expect(body.type).toBe('urn:agentcast:problem:too-many-connections');
        expectRetryAfter(headers, 60);
      }
      await rig().live(newUser(), from());
      await first.close();
      await rig().allGone(2);
      await rig().live(user, from());
      expect((await refusal(user)).status).toBe(429);
    });

    test('429 beyond the upgrades from an address', async () => {
      const address = newAddress();
      for (let n = 0; n < 3; n++) await rig().live(newUser(), from(address));
      const { status, headers, body } = await refusal(newUser(), from(address));
      expect(status).toBe(429);
      expect(body.type).toBe('urn:agentcast:problem:too-many-upgrades');
      expectRetryAfter(headers, 60);
      await rig().live(newUser(), from());
    });

    test('a client’s own story of its address does not count', async () => {
      const address = newAddress();
      const via = () => from(`${newAddress()}, ${address}`);
      for (let n = 0; n < 3; n++) await rig().live(newUser(), via());
      expect((await refusal(newUser(), via())).status).toBe(429);
    });

    test('one IPv6 network is one address', async () => {
      const network = `2001:db8:${randomInt(0x1000, 0x10000).toString(16)}:${randomInt(0x1000, 0x10000).toString(16)}`;
      for (let n = 1; n <= 3; n++) await rig().live(newUser(), from(`${network}::${n}`));
      expect((await refusal(newUser(), from(`${network}:4:4:4:4`))).status).toBe(429);
    });

    test('several headers that proxies wrote are read as one', async () => {
      const address = newAddress();
      const raw = await RawClient.connect(rig().server.url);
      const headers = ['X-Forwarded-For: 6.6.6.6', `X-Forwarded-For: ${address}:4711, 127.0.0.9`];
      raw.request('GET /ws/agents', { upgrade: true, headers });
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 401 /);
      const lines = await rig().logged((line) => line.address === address);
      expect(lines).toMatchObject([{ msg: 'request refused' }]);
    });

    test('503 beyond the connections of the instance, until one is gone', async () => {
      const clients = [];
      for (let n = 0; n < 4; n++) clients.push(await rig().live(newUser(), from()));
      const { status, headers, body } = await refusal(newUser());
      expect(status).toBe(503);
      expect(body.type).toBe('urn:agentcast:problem:instance-full');
      expectRetryAfter(headers, 60);
      await clients[0]?.close();
      await rig().allGone(3);
      await rig().live(newUser(), from());
    });

    test('a plain GET takes no place', async () => {
      const [user, address] = [newUser(), newAddress()];
      for (let n = 0; n < 6; n++) expect(await explained(user, from(address))).toBe(426);
      for (let n = 0; n < 2; n++) await rig().live(user, from(address));
    });

    test('a refused upgrade takes no place', async () => {
      const [user, address] = [newUser(), newAddress()];
      const token = await tokenFor(user);
      const wrong: Record<string, string>[] = [{ token, agent_ids: '!' }, { token: 'x' }];
      for (const query of wrong) {
        for (let n = 0; n < 4; n++) await rig().refusal({ query, ...from(address) });
      }
      await rig().live(user, from(address));
      await rig().live(user, from(address));
      for (let n = 0; n < 4; n++) expect((await refusal(user, from(address))).status).toBe(429);
      // The third upgrade from this address is still to be had.
      await rig().live(newUser(), from(address));
    });

    test('an upgrade that comes to nothing gives its place back', async () => {
      const user = newUser();
      const line = `GET /ws/agents?token=${await tokenFor(user)}`;
      for (let n = 0; n < 3; n++) {
        const raw = await RawClient.connect(rig().server.url);
        // Admitted, and then no list of subprotocols that could be answered.
        const headers = ['Sec-WebSocket-Protocol: a,,b', `X-Forwarded-For: ${newAddress()}`];
        raw.request(line, { upgrade: true, headers });
        expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 /);
      }
      for (let n = 0; n < 2; n++) await rig().live(user, from());
      expect((await refusal(user)).status).toBe(429);
    });

    test('of many at once, as many get in as there are places', async () => {
      const user = newUser();
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => rig().live(user, from())));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    });

    describe('heartbeat', () => {
      test('a client that never answers is closed with 4101 after the misses', async () => {
        const client = await rig().live(newUser(), { ...from(), answersPings: false });
        expect(await client.closed()).toEqual({ code: 4101, reason: 'heartbeat_timeout' });
        const pings = client.frames.filter(({ type }) => type === 'PING');
        expect(pings.length).toBeGreaterThanOrEqual(3);
        expect(pings[0]).toEqual({ type: 'PING', timestamp: expect.stringMatching(/Z$/), payload: {} });
      });

      test('one that answers stays, and any frame is an answer', async () => {
        const answering = await rig().live(newUser(), from());
        const talking = await rig().live(newUser(), { ...from(), answersPings: false });
        for (let n = 0; n < 5; n++) {
          await talking.next('PING');
          talking.send('SUBSCRIBE', {});
        }
        for (let n = 0; n < 5; n++) await answering.next('PING');
        for (const client of [answering, talking]) {
          client.send('PING');
          await client.next('PONG');
        }
      });
    });

    if (cell.redisUrl !== null) clusterSuite({ ...cell, redisUrl: cell.redisUrl }, rig);
  });
}

function clusterSuite(cell: Cell & { redisUrl: string }, rig: () => ServerRig): void {
  describe('over the cluster', () => {
    const redis = new Redis(cell.redisUrl, { lazyConnect: true });
    let other: ServerRig;

    beforeAll(async () => {
      other = new ServerRig(await cell.start(LIMITS));
    });
    afterEach(() => other.cutClients());
    afterAll(async () => {
      redis.disconnect();
      await other.server.stop();
    });

    test('429 for the connections of a user, and nothing of it in the registry', async () => {
      const user = newUser();
      await rig().live(user, from());
      await other.live(user, from());
      for (const instance of [rig(), other]) {
        const { status } = await instance.refusal({ query: { token: await tokenFor(user) }, ...from() });
        expect(status).toBe(429);
      }
      expect(await redis.zcard(`ws:connections:user:${user}`)).toBe(2);
    });

    test('429 for the upgrades from an address, and a refused one is not counted', async () => {
      const address = newAddress();
      const user = newUser();
      for (const instance of [rig(), other]) await instance.live(user, from(address));
      const third = { query: { token: await tokenFor(user) }, ...from(address) };
      expect((await other.refusal(third)).status).toBe(429);
      expect(await redis.zcard(`ws:upgrades:${address}`)).toBe(2);
      await other.live(newUser(), from(address));
      const { body } = await rig().refusal({ ...third, query: { token: await tokenFor(newUser()) } });
      expect(body.type).toBe('urn:agentcast:problem:too-many-upgrades');
    });
  });
}
