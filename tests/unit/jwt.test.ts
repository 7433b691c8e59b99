import { base64url, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenVerifierOptions } from '../../src/adapters/auth/jwt.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const NOW = Date.UTC(2026, 0, 8, 12);
const SECONDS = NOW / 1000;

const verifierWith = (options: Partial<TokenVerifierOptions> = {}) =>
  createTokenVerifier({
    secret: SECRET,
    jwksUrl: null,
    issuer: null,
    audience: null,
    now: () => NOW,
    ...options,
  });

const bytes = (text: string) => new TextEncoder().encode(text);

const sign = (claims: Record<string, unknown>, { alg = 'HS256', secret = SECRET } = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(bytes(secret));

/** A token of any header and any payload, signed with the secret, as a library would refuse to make it. */
async function forge(header: unknown, payload: string): Promise<string> {
  const text = [JSON.stringify(header), payload].map((part) => base64url.encode(part)).join('.');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes(SECRET), algorithm, false, ['sign']);
  return `${text}.${base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes(text))))}`;
}

const refused = (detail: string) => ({ kind: 'invalid', detail });

describe('a token signed with the secret', () => {
  it('gives the user and the end of the token in ms', async () => {
    const token = await sign({ sub: 'auth0|ada+1@example.com', exp: SECONDS + 60 });
    expect(await verifierWith()(token)).toEqual({
      kind: 'valid',
      userId: 'auth0|ada+1@example.com',
      expiresAt: NOW + 60_000,
    });
  });

  it('may have no end', async () => {
    const result = await verifierWith()(await sign({ sub: 'u-1' }));
    expect(result).toEqual({ kind: 'valid', userId: 'u-1', expiresAt: null });
  });

  it('keeps an end beyond all time a usable time', async () => {
    const result = await verifierWith()(await forge({ alg: 'HS256' }, '{"sub":"u-1","exp":1e999}'));
    expect(result).toEqual({ kind: 'valid', userId: 'u-1', expiresAt: 8.64e15 });
    expect(new Date(8.64e15).getTime()).not.toBeNaN();
  });

  it('counts from now(), and the second of `exp` itself is too late', async () => {
    const token = await sign({ sub: 'u-1', exp: SECONDS });
    expect(await verifierWith({ now: () => NOW - 1 })(token)).toMatchObject({ kind: 'valid' });
    expect(await verifierWith()(token)).toEqual(refused('token expired'));
    expect(await verifierWith({ now: () => NOW + 1000 })(token)).toEqual(refused('token expired'));
  });

  it('is not valid before `nbf`', async () => {
    const token = await sign({ sub: 'u-1', nbf: SECONDS + 1 });
    expect(await verifierWith()(token)).toEqual(refused('token not valid yet'));
    expect(await verifierWith({ now: () => NOW + 1000 })(token)).toMatchObject({ kind: 'valid' });
  });
});

describe('claims', () => {
  const strict = verifierWith({ issuer: 'https://id.example', audience: 'dashboards' });
  const good = { sub: 'u-1', iss: 'https://id.example', aud: 'dashboards' };

  it.each([
    ['as wanted', good, 'valid'],
    ['several audiences, ours among them', { ...good, aud: ['billing', 'dashboards'] }, 'valid'],
    ['wrong issuer', { ...good, iss: 'https://id.example.evil' }, 'issuer not accepted'],
    ['issuer as a list', { ...good, iss: ['https://id.example'] }, 'issuer not accepted'],
    ['no issuer', { ...good, iss: undefined }, 'iss missing'],
    ['wrong audience', { ...good, aud: 'billing' }, 'audience not accepted'],
    ['several audiences, none ours', { ...good, aud: ['billing', 'admin'] }, 'audience not accepted'],
    ['audience that only contains ours', { ...good, aud: 'all-dashboards' }, 'audience not accepted'],
    ['no audience', { ...good, aud: undefined }, 'aud missing'],
    ['expiry as text', { ...good, exp: '9999999999' }, 'exp not a number'],
  ])('%s', async (_name, claims, wanted) => {
    const result = await strict(await sign(claims));
    expect(result.kind === 'invalid' ? result.detail : result.kind).toBe(wanted);
  });

  it('are not asked for where nothing is configured', async () => {
    const token = await sign({ sub: 'u-1', iss: 'anyone', aud: 'anything' });
    expect(await verifierWith()(token)).toMatchObject({ kind: 'valid' });
  });
});

describe('sub', () => {
  const wanted = 'sub not accepted, wanted 1 to 128 characters of A-Z a-z 0-9 _ . : @ | + -';

  it.each([
    ['missing', '{}', 'sub missing'],
    ['a number', '{"sub":7}', wanted],
    ['null', '{"sub":null}', wanted],
    ['a list', '{"sub":["u-1"]}', wanted],
    ['empty', '{"sub":""}', wanted],
    ['too long', JSON.stringify({ sub: 'u'.repeat(129) }), wanted],
    ['with braces, the mark of a cluster slot', '{"sub":"u}{1"}', wanted],
    ['with a line break', '{"sub":"u-1\\n"}', wanted],
  ])('%s is refused', async (_name, payload, detail) => {
    expect(await verifierWith()(await forge({ alg: 'HS256' }, payload))).toEqual(refused(detail));
  });

  it('may have 128 characters', async () => {
    const userId = 'u'.repeat(128);
    expect(await verifierWith()(await sign({ sub: userId }))).toMatchObject({ kind: 'valid', userId });
  });
});

describe('forgery', () => {
  const payload = base64url.encode('{"sub":"u-1"}');

  it.each(['none', 'None', 'NONE', ''])('alg "%s" is refused', async (alg) => {
    const header = base64url.encode(JSON.stringify({ alg }));
    for (const signature of ['', 'AAAA']) {
      expect(await verifierWith()(`${header}.${payload}.${signature}`)).toMatchObject({ kind: 'invalid' });
    }
  });

  it('another secret, another HMAC, a changed payload', async () => {
    const verify = verifierWith();
    const [header, , signature] = (await sign({ sub: 'u-2' })).split('.');
    expect(await verify(await sign({ sub: 'u-1' }, { secret: `${SECRET}!` }))).toEqual(
      refused('signature wrong'),
    );
    expect(await verify(await sign({ sub: 'u-1' }, { alg: 'HS512', secret: SECRET.repeat(2) }))).toEqual(
      refused('algorithm not accepted'),
    );
    expect(await verify(`${header}.${payload}.${signature}`)).toEqual(refused('signature wrong'));
  });

  it('headers that ask for special treatment', async () => {
    const verify = verifierWith();
    const claims = '{"sub":"u-1"}';
    expect(await verify(await forge({ alg: 'HS256', crit: ['exp'], exp: 1 }, claims))).toEqual(
      refused('token uses an extension that is not supported'),
    );
    const unencoded = await verify(await forge({ alg: 'HS256', crit: ['b64'], b64: false }, claims));
    expect(unencoded).toMatchObject({ kind: 'invalid' });
    const ownKey = { kty: 'oct', k: base64url.encode('mine') };
    const brought = await new SignJWT({ sub: 'u-1' })
      .setProtectedHeader({ alg: 'HS256', jwk: ownKey } as { alg: string })
      .sign(bytes('mine'));
    expect(await verify(brought)).toEqual(refused('signature wrong'));
  });

  it.each([
    '',
    'x',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    '..',
    `${'A'.repeat(40)}.e30.`,
    'ä.ö.ü',
    'e30.e30.e30',
    'bnVsbA.e30.e30',
  ])('text that is no token: %j', async (text) => {
    expect(await verifierWith()(text)).toEqual(refused('token malformed'));
  });

  it('a payload that is no JSON object', async () => {
    for (const text of ['[]', 'null', '"u-1"', '{', '']) {
      expect(await verifierWith()(await forge({ alg: 'HS256' }, text))).toEqual(refused('token malformed'));
    }
  });

  it('a token longer than 8 KiB, though well signed', async () => {
    const long = await sign({ sub: 'u-1', padding: 'x'.repeat(8 * 1024) });
    expect(await verifierWith()(long)).toEqual(refused('token longer than 8192 characters'));
  });

  it('no refusal repeats what the token holds', async () => {
    const details = [
      await verifierWith({ issuer: 'a' })(await sign({ sub: 'u-1', iss: 'SECRETVALUE' })),
      await verifierWith({ audience: 'a' })(await sign({ sub: 'u-1', aud: 'SECRETVALUE' })),
      await verifierWith()(await sign({ sub: 'SECRETVALUE!' })),
      await verifierWith()(await forge({ alg: 'SECRETVALUE' }, '{}')),
      await verifierWith()(await forge({ alg: 'HS256', crit: ['SECRETVALUE'], SECRETVALUE: 1 }, '{}')),
    ];
    expect(details.map((result) => result.kind)).toEqual(Array(5).fill('invalid'));
    expect(JSON.stringify(details)).not.toContain('SECRETVALUE');
  });
});

it('wants a secret or a key set, and a URL that is one', () => {
  expect(() => verifierWith({ secret: null })).toThrow('wanted one of them');
  expect(() => verifierWith({ secret: '' })).toThrow('wanted one of them');
  expect(() => verifierWith({ jwksUrl: 'id.example/keys' })).toThrow('wanted an http or https URL');
  expect(() => verifierWith({ jwksUrl: 'file:///etc/keys' })).toThrow('wanted an http or https URL');
});
