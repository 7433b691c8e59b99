import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { TEST_JWT_SECRET, TEST_SERVICE_KEY } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { Cell, ServerRig } from './server-rig.ts';

/** Contract §7: health, and what stands in the log. */
export function operationSuite(rig: () => ServerRig): void {
  test.each(['/healthz', '/readyz'])('%s is 200', async (path) => {
    const response = await rig().get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  test.each(['/healthz', '/readyz', '/metrics', '/openapi.json', '/asyncapi.json', '/ws/agents'])(
    '405 for POST %s',
    async (path) => {
      const response = await rig().get(path, { method: 'POST' });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
      expect(await response.json()).toMatchObject({ type: 'urn:agentcast:problem:method-not-allowed' });
    },
  );

  describe('the log', () => {
    test('has the beginning and the end of every connection', async () => {
      const user = newUser();
      const client = await rig().live(user);
      const id = client.frames[0]?.payload.connection_id;
      await client.close();
      await rig().allGone(1);
      const lines = await rig().logged(({ connection_id }) => connection_id === id, 2);
      const about = { level: 'info', connection_id: id, user_id: user, address: '127.0.0.1' };
      expect(lines).toMatchObject([
        { msg: 'connection opened', ...about },
        { msg: 'connection closed', ...about, code: 1000, duration_ms: expect.any(Number) },
      ]);
    });

    test('calls a request what its answer calls it, or what a proxy called it', async () => {
      const url = `${rig().server.url}/nowhere`;
      const lineOf = async (id: string | null) =>
        (await rig().logged(({ request_id }) => request_id === id))[0];
      const own = (await fetch(url)).headers.get('x-request-id');
      expect(await lineOf(own)).toMatchObject({ msg: 'request refused', path: '/nowhere', status: 404 });
      const proxied = `p-${newUser()}`;
      const answer = await fetch(url, { headers: { 'x-request-id': proxied } });
      expect(answer.headers.get('x-request-id')).toBe(proxied);
      expect(await lineOf(proxied)).toMatchObject({ msg: 'request refused' });
      const odd = await fetch(url, { headers: { 'x-request-id': 'a b' } });
      expect(odd.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
      const accepted = await rig().worker.publish(numberedEvent(newUser(), 1));
      expect(accepted.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
    });

    test('calls a connection what the request for it was called, too', async () => {
      const id = `p-${newUser()}`;
      await rig().live(newUser(), { headers: { 'x-request-id': id } });
      const lines = await rig().logged(({ request_id }) => request_id === id);
      expect(lines).toMatchObject([{ msg: 'connection opened', connection_id: expect.any(String) }]);
    });

    test('says what was wrong with a signature; the answer does not', async () => {
      const event = numberedEvent(newUser(), 1);
      const old = new Date(Date.now() - 600_000);
      const refusals = [
        await rig().worker.publish(event, { headers: { 'webhook-id': null } }),
        await rig().worker.publish(event, { headers: { 'x-service-name': 'nobody' } }),
        await rig().worker.publish(event, { at: old }),
        await rig().worker.publish(event, { headers: { 'webhook-signature': `v1,${'A'.repeat(43)}=` } }),
        await rig().worker.publish(event, { headers: { 'webhook-timestamp': 'now' } }),
      ];
      expect(refusals.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
      expect(new Set(refusals.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const ids = refusals.map(({ headers }) => headers.get('x-request-id'));
      const reasons = await rig().logged(({ request_id }) => ids.includes(String(request_id)), 5);
      expect(reasons.map(({ reason }) => reason)).toEqual(
        ['missing', 'unknown_service', 'stale', 'wrong', 'malformed'].map(
          (fault) => `webhook signature: ${fault}`,
        ),
      );
    });

    test('is one JSON object a line', () => {
      const { server } = rig();
      expect(server.output().trim().split('\n')).toHaveLength(server.logs().length);
    });

    test('holds no token, key or signature', async () => {
      const user = newUser();
      const token = await tokenFor(user);
      await rig().dial({ query: { token } });
      await rig().dial({ protocols: ['bearer', token] });
      await rig().refusal({ query: { token: `${token}x` } });
      await rig().worker.accepted(numberedEvent(user, 1));
      await rig().worker.publish({}, { headers: { 'webhook-signature': `v1,${'A'.repeat(43)}=` } });
      const output = rig().server.output();
      expect(output).toContain(user);
      for (const secret of [TEST_JWT_SECRET, TEST_SERVICE_KEY, TEST_SERVICE_KEY.slice('whsec_'.length)])
        expect(output).not.toContain(secret);
      expect(output).not.toMatch(/eyJ[\w-]{8,}\.|v1,|bearer/i);
    });
  });
}

/** Contract §2: what a server that cannot start says. */
export function startSuite(cell: Cell): void {
  /** What a start that fails has written; fails where the server comes up. */
  const failedStart = async (env: Record<string, string>): Promise<string> => {
    const started = cell.start(env).then(
      async (server) => {
        await server.stop();
        return 'it started';
      },
      (error: unknown) => String(error),
    );
    const output = await started;
    expect(output).toContain('exit status 1');
    return output;
  };

  describe('a start', () => {
    test('with wrong configuration lists every fault, and no secret', async () => {
      const output = await failedStart({
        PORT: '70000',
        REDIS_URL: 'redis//:p4ssw0rd@nowhere',
        JWKS_URL: 'https://me:s3cret@keys.example/jwks',
        INTERNAL_SERVICE_KEYS: 'tests:whsec_tooShortKey',
        WS_HEARTBEAT_INTERVAL: 'soon',
        WS_MAX_CONNECTIONS_PER_USER: '-1',
        WS_HARTBEAT_TIMEOUT: '5s',
        TRUSTED_PROXIES: '10.0.0.0/33',
      });
      const faults = ['PORT: got "70000"', 'REDIS_URL: ', 'JWKS_URL: ', 'INTERNAL_SERVICE_KEYS: ']
        .concat(['WS_HEARTBEAT_INTERVAL: got "soon"', 'WS_MAX_CONNECTIONS_PER_USER: got "-1"'])
        .concat(['WS_HARTBEAT_TIMEOUT: ', 'did you mean WS_HEARTBEAT_TIMEOUT?', 'TRUSTED_PROXIES: ']);
      for (const fault of faults) expect(output).toContain(fault);
      for (const secret of ['p4ssw0rd', 's3cret', 'tooShortKey']) expect(output).not.toContain(secret);
    });

    test('without what is required says so', async () => {
      const output = await failedStart({ JWT_SECRET: '', INTERNAL_SERVICE_KEYS: '' });
      expect(output).toContain('JWT_SECRET, JWKS_URL: got neither');
      expect(output).toContain('INTERNAL_SERVICE_KEYS: got nothing');
    });

    test('on a port that is taken fails', async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      try {
        expect(await failedStart({ PORT: String((taken.address() as AddressInfo).port) })).toMatch(
          /could not start/,
        );
      } finally {
        taken.close();
      }
    });
  });
}
