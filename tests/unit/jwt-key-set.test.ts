import { exportJWK, exportSPKI, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../src/adapters/auth/jwt.ts';
import {
  json,
  type KeySetServer,
  newSigner,
  type Signer,
  startKeySetServer,
  tokenOf,
} from '../support/key-set.ts';

const rsa = await newSigner('RS256', 'rsa');
const ec = await newSigner('ES256', 'ec');
const ed = await newSigner('EdDSA', 'ed');
const VALID = { kind: 'valid', userId: 'u-1', expiresAt: null };

let server: KeySetServer;

const verifierWith = (secret: string | null = null) =>
  createTokenVerifier({ secret, jwksUrl: server.url, issuer: null, audience: null, now: Date.now });

beforeEach(async () => {
  server = await startKeySetServer();
});

afterEach(() => server.stop());

describe('a token signed with a key of the set', () => {
  beforeEach(() => server.answer(json({ keys: [rsa.jwk, ec.jwk, ed.jwk] })));

  it('is valid for RS256, ES256 and EdDSA, with one request for the set', async () => {
    const verify = verifierWith();
    const results = await Promise.all([rsa, ec, ed].map(async (key) => verify(await tokenOf(key))));
    expect(results).toEqual([VALID, VALID, VALID]);
    expect(server.asked()).toBe(1);
  });

  it('is refused for another algorithm of the same key', async () => {
    const pss = await crypto.subtle.importKey(
      'jwk',
      { ...(await exportJWK(rsa.privateKey)) },
      { name: 'RSA-PSS', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const token = await tokenOf({ ...rsa, alg: 'PS256', privateKey: pss });
    expect(await verifierWith()(token)).toEqual({ kind: 'invalid', detail: 'algorithm not accepted' });
  });

  it('is refused for a key of the same name that is not in the set', async () => {
    const stranger = await newSigner('RS256', 'rsa');
    expect(await verifierWith()(await tokenOf(stranger))).toEqual({
      kind: 'invalid',
      detail: 'signature wrong',
    });
  });

  it('needs no key id, where several keys fit too', async () => {
    const [first, second, stranger] = [
      await newSigner('ES256', 'a'),
      await newSigner('ES256', 'b'),
      await newSigner('ES256', 'c'),
    ];
    server.answer(json({ keys: [first.jwk, second.jwk] }));
    const verify = verifierWith();
    const unnamed = (key: Signer) =>
      new SignJWT({ sub: 'u-1' }).setProtectedHeader({ alg: 'ES256' }).sign(key.privateKey);
    expect(await verify(await unnamed(second))).toEqual(VALID);
    expect(await verify(await unnamed(stranger))).toEqual({ kind: 'invalid', detail: 'signature wrong' });
  });
});

describe('algorithm confusion', () => {
  // The classic: the public key is public, so anybody can use its text as an HMAC secret.
  it.each(['spki', 'jwk'])('HS256 signed with the RSA public key (%s) is refused', async (form) => {
    server.answer(json({ keys: [rsa.jwk] }));
    const text = form === 'spki' ? await exportSPKI(rsa.publicKey) : JSON.stringify(rsa.jwk);
    const token = await new SignJWT({ sub: 'u-1' })
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
      .sign(new TextEncoder().encode(text));
    expect(await verifierWith()(token)).toEqual({ kind: 'invalid', detail: 'algorithm not accepted' });
    expect(await verifierWith('the secret')(token)).toEqual({ kind: 'invalid', detail: 'signature wrong' });
  });

  it('a symmetric key in the set verifies nothing', async () => {
    const secret = new TextEncoder().encode('published by mistake, 32 bytes or more');
    server.answer(json({ keys: [{ ...(await exportJWK(secret)), kid: 'oct' }] }));
    const token = await new SignJWT({ sub: 'u-1' })
      .setProtectedHeader({ alg: 'HS256', kid: 'oct' })
      .sign(secret);
    expect(await verifierWith()(token)).toEqual({ kind: 'invalid', detail: 'algorithm not accepted' });
    expect(await verifierWith('another secret')(token)).toEqual({
      kind: 'invalid',
      detail: 'signature wrong',
    });
  });

  it('is decided before the set is asked for', async () => {
    await verifierWith()('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LTEifQ.');
    await verifierWith()('no.token.atall');
    expect(server.asked()).toBe(0);
  });

  it('a private key in the set is not used', async () => {
    server.answer(json({ keys: [{ ...(await exportJWK(ec.privateKey)), kid: 'ec' }] }));
    expect(await verifierWith()(await tokenOf(ec))).toMatchObject({ kind: 'unavailable' });
  });
});

it('with a secret and a key set, each algorithm has its own key', async () => {
  server.answer(json({ keys: [ec.jwk] }));
  const verify = verifierWith('the secret');
  const token = await new SignJWT({ sub: 'u-1' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('the secret'));
  expect(await verify(token)).toEqual(VALID);
  expect(server.asked()).toBe(0);
  expect(await verify(await tokenOf(ec))).toEqual(VALID);
});
