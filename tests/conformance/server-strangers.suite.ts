import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { plainGet } from '../support/http-answer.ts';
import { RawClient } from '../support/raw-client.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent, PUBLISH } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

const MIB = 1024 * 1024;
/** More than the server holds of requests whose signature is not checked, in bodies of the largest size. */
const BODIES = 70;
const HELD = 64;

const SAFE = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Headers of a signature that could be one, by a service that there may be. */
const PLAUSIBLE = () => [
  `webhook-id: ${randomUUID()}`,
  `webhook-timestamp: ${Math.floor(Date.now() / 1000)}`,
  `webhook-signature: v1,${Buffer.alloc(32).toString('base64')}`,
  'x-service-name: tests',
];

/** What anybody can do who reaches the server, without a token and without a key. */
export function strangerSuite(rig: () => ServerRig): void {
  const raw = (): Promise<RawClient> => RawClient.connect(rig().server.url);
  const post = async (headers: string[], bytes: number): Promise<RawClient> => {
    const client = await raw();
    client.request(`POST ${PUBLISH}`, { headers });
    client.write('x'.repeat(bytes));
    return client;
  };

  describe('strangers', () => {
    test('every answer says that it is no page, and none says what serves it', async () => {
      const { server, worker } = rig();
      const { body, headers } = await worker.publish(numberedEvent(newUser(), 1));
      expect(body.sequence_id).toBe(1);
      expect(Object.fromEntries(headers)).toMatchObject(SAFE);
      for (const path of ['/healthz', '/readyz', '/nothing', '/ws/agents', PUBLISH]) {
        const answer = await plainGet(server.url + path);
        expect(answer.headers).toMatchObject(SAFE);
        expect(Object.keys(answer.headers)).not.toContain('server');
        expect(Object.keys(answer.headers)).not.toContain('x-powered-by');
      }
      const [upgrade, garbage] = [await raw(), await raw()];
      upgrade.request('GET /ws/agents', { upgrade: true });
      garbage.write('garbage\r\n\r\n');
      for (const answer of [await upgrade.rest(), await garbage.rest()]) {
        for (const [name, value] of Object.entries(SAFE)) {
          expect(answer.toLowerCase()).toContain(`\r\n${name}: ${value}\r\n`);
        }
      }
    });

    test('a query of nothing but faults is answered in short', async () => {
      const unknown = Array.from({ length: 2_000 }, (_, index) => `x${index}`).join('&');
      const answer = await plainGet(`${rig().server.url}/ws/agents?${unknown}`);
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body).length).toBeLessThan(4_096);
    });

    test.each<[string, () => string[]]>([
      ['that could be signed', PLAUSIBLE],
      ['that could not', () => []],
    ])('a body %s and ends before its time is no fault of the server', async (_, headers) => {
      const client = await post([...headers(), 'Content-Length: 100'], 10);
      // It has come so far when this one, sent behind it, is answered.
      await plainGet(`${rig().server.url}/healthz`);
      client.socket.resetAndDestroy();
      await rig().logged(({ path, status }) => path === PUBLISH && status === 400);
    });

    test('bodies that never come do not keep those of workers out', async () => {
      const user = newUser();
      const stalled = [];
      for (let n = 0; n < BODIES; n++) {
        stalled.push(await post([...PLAUSIBLE(), `Content-Length: ${MIB}`], 10));
      }
      for (const oldest of stalled.slice(0, BODIES - HELD)) {
        expect(await oldest.rest()).toMatch(/^HTTP\/1\.1 503 [\s\S]*problem:overloaded/);
      }
      await rig().worker.accepted(numberedEvent(user, 1));
      expect(stalled.slice(BODIES - HELD + 1).map((one) => one.text())).toEqual(Array(HELD - 1).fill(''));
      for (const one of stalled) one.socket.destroy();
    });
  });
}
