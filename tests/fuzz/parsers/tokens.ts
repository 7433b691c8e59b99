import { createHmac } from 'node:crypto';
import { createTokenVerifier } from '../../../src/adapters/auth/jwt.ts';
import { always, type Parser } from '../parser.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const verify = createTokenVerifier({
  secret: SECRET,
  jwksUrl: null,
  issuer: null,
  audience: null,
  now: () => 0,
});

const base64 = (text: string): string => Buffer.from(text).toString('base64url');

/** Signed whatever they say, so that what is behind the signature is reached as well. */
function signed(header: string, claims: string): string {
  const content = `${base64(header)}.${base64(claims)}`;
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`;
}

/** Header and claims, a line each, which are then signed; a single line is a token as it is. */
export const tokens: Parser = {
  name: 'tokens',
  corpus: {
    texts: [
      '{"alg":"HS256"}\n{"sub":"u-1","exp":3600}',
      '{"alg":"HS256","typ":"JWT"}\n{"sub":"auth0|5f","iat":0,"nbf":0,"exp":4e9,"aud":["a"],"iss":"i"}',
      '{"alg":"none"}\n{"sub":"u-1"}',
      '{"alg":"RS256","kid":"k"}\n{"sub":"u-1"}',
      signed('{"alg":"HS256"}', '{"sub":"u-1"}'),
    ],
    words: [
      '"crit":["b64"],',
      '"b64":false,',
      '"zip":"DEF",',
      '"jwk":{},',
      '"sub":',
      '"exp":',
      '"nbf":',
      '"alg":"HS512",',
      '"alg":',
    ].concat(['null', '[]', '{}', '.', '=', '1e308', '-1', '"\\ud800"']),
  },
  async check(input) {
    const [header = '', claims] = input.split('\n');
    const result = await verify(claims === undefined ? header : signed(header, claims));
    // Without a key set there is nothing that a token could wait for.
    always(result.kind !== 'unavailable', 'a token is good or bad');
    if (result.kind !== 'valid') return 'refused';
    const { expiresAt } = result;
    always(expiresAt === null || (Number.isFinite(expiresAt) && expiresAt > 0), 'an end is a time to come');
    return 'accepted';
  },
};
