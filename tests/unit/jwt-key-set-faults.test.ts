import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenVerifier } from '../../src/adapters/auth/jwt.ts';
import { json, type KeySetServer, newSigner, startKeySetServer, tokenOf } from '../support/key-set.ts';

const rsa = await newSigner('RS256', 'rsa');
const ec = await newSigner('ES256', 'ec');
const VALID = { kind: 'valid', userId: 'u-1', expiresAt: null };

let server: KeySetServer;
let now: number;

/** Moves the verifier's clock, and with it the one that jose reads by itself. */
function pass(milliseconds: number): void {
  now += milliseconds;
  vi.setSystemTime(now);
}

const verifierWith = () =>
  createTokenVerifier({ secret: null, jwksUrl: server.url, issuer: null, audience: null, now: () => now });

beforeEach(async () => {
  server = await startKeySetServer();
  now = Date.UTC(2026, 0, 8, 12);
  vi.useFakeTimers({ toFake: ['Date'], now });
});

afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

describe('a key set that cannot be had', () => {
  it.each([
    ['500', json('oops', 500), 'the key set gave an answer that cannot be used'],
    ['text that is no JSON', json('<html>'), 'the key set gave an answer that cannot be used'],
    ['JSON that is no key set', json({ keys: 'none' }), 'the key set gave an answer that cannot be used'],
    ['JSON null', json('null'), 'the key set gave an answer that cannot be used'],
  ])('%s makes tokens unavailable, not invalid', async (_name, answer, detail) => {
    server.answer(answer);
    expect(await verifierWith()(await tokenOf(rsa))).toEqual({ kind: 'unavailable', detail });
  });

  it('a redirect is not followed', async () => {
    server.answer((response) => response.writeHead(302, { location: server.url }).end());
    expect(await verifierWith()(await tokenOf(rsa))).toMatchObject({ kind: 'unavailable' });
    expect(server.asked()).toBe(1);
  });

  it('a server that is not there', async () => {
    await server.stop();
    expect(await verifierWith()(await tokenOf(rsa))).toMatchObject({ kind: 'unavailable' });
    server = await startKeySetServer();
  });

  it('a key that cannot be imported', async () => {
    server.answer(json({ keys: [{ kty: 'RSA', kid: 'rsa', n: '!', e: 'AQAB' }] }));
    expect(await verifierWith()(await tokenOf(rsa))).toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['never answers', () => {}],
    ['stops in the middle of its answer', (response: ServerResponse) => response.write('{"keys":[')],
  ])('a server that %s is given up after two seconds', async (_name, answer) => {
    server.answer(answer);
    const startedAt = performance.now();
    expect(await verifierWith()(await tokenOf(rsa))).toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it('is asked at most once a second, and tokens are valid again once it is back', async () => {
    server.answer(json('oops', 500));
    const verify = verifierWith();
    const token = await tokenOf(rsa);
    for (let i = 0; i < 5; i++) expect(await verify(token)).toMatchObject({ kind: 'unavailable' });
    expect(server.asked()).toBe(1);
    server.answer(json({ keys: [rsa.jwk] }));
    expect(await verify(token)).toMatchObject({ kind: 'unavailable' });
    pass(1_000);
    expect(await verify(token)).toEqual(VALID);
    expect(server.asked()).toBe(2);
  });

  it('is asked again though the clock was set back', async () => {
    server.answer(json('oops', 500));
    const verify = verifierWith();
    await verify(await tokenOf(rsa));
    server.answer(json({ keys: [rsa.jwk] }));
    pass(-3_600_000);
    expect(await verify(await tokenOf(rsa))).toEqual(VALID);
  });
});

describe('rotation', () => {
  it('a new key is taken up on its first token, the old one dropped with the set', async () => {
    const next = await newSigner('RS256', 'next');
    server.answer(json({ keys: [rsa.jwk] }));
    const verify = verifierWith();
    expect(await verify(await tokenOf(rsa))).toEqual(VALID);
    server.answer(json({ keys: [next.jwk] }));
    pass(5_000);
    expect(await verify(await tokenOf(next))).toEqual(VALID);
    expect(await verify(await tokenOf(rsa))).toEqual({
      kind: 'invalid',
      detail: 'signature of an unknown key',
    });
    expect(server.asked()).toBe(2);
  });

  it('an unknown key is invalid, and many of them ask for the set once per cooldown', async () => {
    server.answer(json({ keys: [rsa.jwk] }));
    const verify = verifierWith();
    await verify(await tokenOf(rsa));
    pass(5_000);
    for (let i = 0; i < 5; i++) {
      const result = await verify(await tokenOf(rsa, `stranger-${i}`));
      expect(result).toEqual({ kind: 'invalid', detail: 'signature of an unknown key' });
    }
    expect(server.asked()).toBe(2);
  });

  it('a key that was withdrawn is trusted for ten minutes at most', async () => {
    server.answer(json({ keys: [rsa.jwk, ec.jwk] }));
    const verify = verifierWith();
    expect(await verify(await tokenOf(rsa))).toEqual(VALID);
    server.answer(json({ keys: [ec.jwk] }));
    pass(600_000);
    expect(await verify(await tokenOf(rsa))).toMatchObject({ kind: 'invalid' });
  });

  it('known keys go on while the set cannot be had', async () => {
    server.answer(json({ keys: [rsa.jwk] }));
    const verify = verifierWith();
    await verify(await tokenOf(rsa));
    server.answer(json('oops', 500));
    pass(5_000);
    expect(await verify(await tokenOf(ec))).toMatchObject({ kind: 'unavailable' });
    expect(await verify(await tokenOf(rsa))).toEqual(VALID);
  });
});
