import { createSecretKey } from 'node:crypto';
import { exportSPKI, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KeySetServer, Signer } from '../support/key-set.ts';
import { json, newSigner, startKeySetServer, tokenOf } from '../support/key-set.ts';
import { RawClient } from '../support/raw-client.ts';
import type { Cell } from './server-rig.ts';
import { ServerRig, WAIT } from './server-rig.ts';

/** Contract §2 and §3: tokens that a key set verifies, and a key set that does not answer. */
export function keySetSuite(cell: Cell): void {
  describe('key set', () => {
    let keySet: KeySetServer;
    let rig: ServerRig;
    let signers: Signer[];
    let stranger: Signer;

    beforeAll(async () => {
      keySet = await startKeySetServer();
      signers = await Promise.all(['RS256', 'ES256', 'EdDSA'].map((alg) => newSigner(alg, `key-${alg}`)));
      stranger = await newSigner('RS256', 'key-RS256');
      rig = new ServerRig(
        await cell.start({ JWT_SECRET: '', JWKS_URL: keySet.url, WS_MAX_CONNECTIONS_PER_USER: '0' }),
      );
    });
    afterAll(async () => {
      rig.cutClients();
      await rig.server.stop();
      await keySet.stop();
    });

    const token = (index: number): Promise<string> => tokenOf(signers[index] ?? stranger);

    // First, while the server has no keys yet.
    test('that hangs: a reset during authentication harms nobody', async () => {
      keySet.answer(() => {});
      const raw = await RawClient.connect(rig.server.url);
      raw.request(`GET /ws/agents?token=${await token(0)}`, { upgrade: true });
      await vi.waitFor(() => expect(keySet.asked()).toBe(1), WAIT);
      raw.socket.resetAndDestroy();
      await raw.over;
      await rig.expectWell();
    });

    test('that cannot be had is 503, with a time to come back', async () => {
      const { status, headers, body } = await rig.slowRefusal({ query: { token: await token(0) } });
      expect(status).toBe(503);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(JSON.stringify(body)).not.toContain(new URL(keySet.url).port);
    });

    test('that comes back serves', async () => {
      keySet.answer(json({ keys: signers.map(({ jwk }) => jwk) }));
      const query = { token: await token(0) };
      await vi.waitFor(() => rig.dial({ query }), WAIT);
    });

    test.each([
      [0, 'RS256'],
      [1, 'ES256'],
      [2, 'EdDSA'],
    ])('token %i of %s is accepted', async (index) => {
      const client = await rig.dial({ query: { token: await token(index) } });
      expect((await client.next('CONNECTED')).payload.user_id).toBe('u-1');
    });

    test('a token of each is told of ahead, and closed with 4001 at its expiry', async () => {
      const expiresAt = Math.ceil(Date.now() / 1000 + 2) * 1000;
      const ending = ({ alg, jwk, privateKey }: Signer): Promise<string> =>
        new SignJWT({ sub: 'u-1', exp: expiresAt / 1000 })
          .setProtectedHeader({ alg, kid: jwk.kid })
          .sign(privateKey);
      const dialed = signers.map(async (signer) => rig.dial({ query: { token: await ending(signer) } }));
      for (const client of await Promise.all(dialed)) {
        const { payload } = await client.next('TOKEN_EXPIRING');
        expect(payload.expires_at).toBe(new Date(expiresAt).toISOString());
        expect(await client.closed()).toEqual({ code: 4001, reason: 'token_expired' });
        expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
      }
    });

    test('a token of another key under the same name is 401', async () => {
      const { status, body } = await rig.refusal({ query: { token: await tokenOf(stranger) } });
      expect(status).toBe(401);
      expect(body.detail).toMatch(/signature/);
    });

    test('a token of an unknown key is 401', async () => {
      expect((await rig.refusal({ query: { token: await tokenOf(stranger, 'key-9') } })).status).toBe(401);
    });

    test('a public key is no secret: HS256 is 401', async () => {
      const [signer] = signers;
      const secret = createSecretKey(Buffer.from(await exportSPKI((signer ?? stranger).publicKey)));
      const forged = await new SignJWT({ sub: 'u-1' })
        .setProtectedHeader({ alg: 'HS256', kid: signer?.jwk.kid })
        .sign(secret);
      expect((await rig.refusal({ query: { token: forged } })).status).toBe(401);
    });
  });
}
