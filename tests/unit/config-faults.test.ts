import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { ConfigError, type Environment, parseConfig } from '../../src/config.ts';
import {
  faultsOf,
  INSTANCE_DEFAULTS,
  REQUIRED,
  readConfig,
  refusalOf,
  whsecOf,
} from '../support/reading-config.ts';

describe('faults', () => {
  const lineOf = (env: Environment): string => {
    const [fault] = faultsOf(env);
    return `${fault?.variable}: got ${fault?.got}, wanted ${fault?.wanted}`;
  };

  it.each([
    [
      'WS_QUEUE_TTL',
      'soon',
      '"soon", wanted a duration from 10 ms to 24 hours, such as 500ms, 30s or 5m (a bare number is seconds)',
    ],
    ['WS_SEND_BUFFER_SIZE', '0', '"0", wanted a whole number from 1 to 1000000'],
    ['WS_RATE_LIMIT_GLOBAL', '-5', '"-5", wanted a whole number from 1 to 1000000, or 0 for unlimited'],
    ['PORT', '65536', '"65536", wanted a port from 0 to 65535 (0 picks a free one)'],
    ['HOST', 'http://a', '"http://a", wanted a host name or an IP address, without scheme, port or brackets'],
    ['INSTANCE_ID', 'a b', '"a b", wanted 1 to 128 characters of A-Z a-z 0-9 _ . : -'],
    ['LOG_LEVEL', 'loud', '"loud", wanted one of debug, info, warn, error'],
    ['JWKS_URL', 'ftp://a/keys', '"ftp://a/keys", wanted an http:// or https:// address without credentials'],
    [
      'REDIS_URL',
      'redis://a,http://b',
      'entry 2 "http://b", wanted redis:// or rediss:// with a host, several comma-separated (in a password: a comma as %2C)',
    ],
    [
      'WS_ALLOWED_ORIGINS',
      'https://a.io/',
      'entry 1 "https://a.io/", wanted origins, comma-separated, each scheme://host[:port] without a path; unset for any',
    ],
    [
      'TRUSTED_PROXIES',
      '10.0.0.0/33',
      'entry 1 "10.0.0.0/33", wanted IPv4 or IPv6 addresses or CIDR ranges, comma-separated, such as 10.0.0.0/8,fd00::1',
    ],
  ])('of %s name it, what it got and what it takes', (variable, text, rest) => {
    expect(lineOf({ [variable]: text })).toBe(`${variable}: got ${rest}`);
  });

  it('are all collected, one line each, none hidden behind another', () => {
    const bad = {
      PORT: 'x',
      WS_QUEUE_TTL: '1h',
      WS_TYPO: '1',
      LOG_LEVEL: 'a\nb',
      TRUSTED_PROXIES: 'a,::1,b',
    };
    const { faults, message } = refusalOf({ ...bad, JWT_SECRET: '', INTERNAL_SERVICE_KEYS: '' });
    expect(faults.map((fault) => fault.variable)).toEqual([
      'PORT',
      'INTERNAL_SERVICE_KEYS',
      'WS_QUEUE_TTL',
      'TRUSTED_PROXIES',
      'TRUSTED_PROXIES',
      'LOG_LEVEL',
      'JWT_SECRET, JWKS_URL',
      'WS_TYPO',
    ]);
    const lines = faults.map((fault) => `  ${fault.variable}: got ${fault.got}, wanted ${fault.wanted}`);
    expect(message.split('\n')).toEqual(['wrong configuration:', ...lines]);
  });

  it('say what a missing required variable takes', () => {
    expect(lineOf({ INTERNAL_SERVICE_KEYS: undefined })).toMatch(
      /^INTERNAL_SERVICE_KEYS: got nothing, wanted name:whsec_<base64>/,
    );
  });

  it('name JWT_SECRET and JWKS_URL where neither is set', () => {
    const wanted = 'at least one of them: an HS256 secret, or the http(s) address of a key set';
    const fault = { variable: 'JWT_SECRET, JWKS_URL', got: 'neither', wanted };
    expect(faultsOf({ JWT_SECRET: '', JWKS_URL: undefined })).toEqual([fault]);
  });
});

describe('undeclared WS_ variables', () => {
  it.each([
    ['WS_QUEUE_TLL', 'WS_QUEUE_TTL'],
    ['WS_HEARTBEAT_INTERVALS', 'WS_HEARTBEAT_INTERVAL'],
    ['WS_drain_timeout', 'WS_DRAIN_TIMEOUT'],
    ['WS_PORT', 'PORT'],
  ])('%s is refused in favour of %s', (variable, meant) => {
    const wanted = `nothing: there is no variable of this name; did you mean ${meant}?`;
    expect(faultsOf({ [variable]: '5' })).toEqual([{ variable, got: '"5"', wanted }]);
  });

  it('get no suggestion where nothing is near', () => {
    const wanted = 'nothing: there is no variable of this name';
    expect(faultsOf({ WS_COMPRESSION: 'on' })).toEqual([{ variable: 'WS_COMPRESSION', got: '"on"', wanted }]);
  });

  it('do not reach to other names', () => {
    expect(readConfig({ PATH: '/bin', XWS_A: '1', WSA: '1' })).toEqual(readConfig({}));
  });
});

describe('secrets', () => {
  const SECRET = 'hunter2hunter2';

  it.each([
    ['both token keys', { JWT_SECRET: SECRET, JWKS_URL: 'x' }],
    ['a signing key', { INTERNAL_SERVICE_KEYS: `worker:${SECRET}` }],
    ['a signing key beside a good one', { INTERNAL_SERVICE_KEYS: `a:${whsecOf(32)},b:whsec_${SECRET}` }],
    ['a Redis password', { REDIS_URL: `http://:${SECRET}@redis:6379` }],
    ['a Redis user', { REDIS_URL: `redis://${SECRET}@redis:6379/x` }],
    ['a Redis password without a host', { REDIS_URL: `redis://:${SECRET}` }],
    ['a Redis password where the port belongs', { REDIS_URL: `redis://redis:${SECRET}` }],
    ['a Redis password in a query', { REDIS_URL: `localhost?password=${SECRET}` }],
    ['a Redis password with an @', { REDIS_URL: `redis://:p@${SECRET}@redis:70000` }],
    ['a Redis password with commas', { REDIS_URL: `redis://:a,${SECRET},b@redis` }],
    ['a key set password', { JWKS_URL: `https://me:${SECRET}@id.example/keys` }],
    ['an undeclared variable named like a secret', { WS_JWT_SECRET: SECRET }],
  ])('stay out of the faults: %s', (_, env) => {
    const { faults, message } = refusalOf(env);
    expect(`${message}${JSON.stringify(faults)}`).not.toContain(SECRET);
  });

  it('are shown by their length and place', () => {
    const got = (env: Environment) => faultsOf(env)[0]?.got;
    expect(got({ INTERNAL_SERVICE_KEYS: `a:${whsecOf(32)},b:short` })).toBe('entry 2 (hidden, 7 characters)');
    expect(got({ REDIS_URL: 'redis://:p@h/x' })).toBe('entry 1 redis://(hidden, 14 characters)');
    expect(got({ WS_TOKEN: 'abc' })).toBe('(hidden, 3 characters)');
  });
});

describe('any environment', () => {
  const names = Object.values(settings).map((setting) => setting.variable);
  const name = fc.oneof(
    fc.constantFrom(...names),
    fc.string({ unit: 'binary' }).map((rest) => `WS_${rest}`),
    fc.constantFrom('__proto__', 'constructor', 'toString'),
  );
  const pieces = [
    '1',
    '0',
    'ms',
    's',
    ':',
    '/',
    '//',
    '@',
    ',',
    '.',
    '::',
    '[',
    ']',
    '%',
    'redis',
    'https',
    'whsec_',
    'QUJD',
    '=',
    ' ',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
    fc.constantFrom(...Object.values(REQUIRED), 'redis://:p%ZZ@h', '1.2.3.4', '🦊'),
    fc.constant(undefined),
  );
  const environments = fc.dictionary(name, text, { noNullPrototype: false });

  it('is read, or refused with a ConfigError of one line a fault', () => {
    fc.assert(
      fc.property(environments, (env) => {
        try {
          expect(Object.keys(parseConfig(env, INSTANCE_DEFAULTS))).toEqual(Object.keys(settings));
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.message.split('\n')).toHaveLength(error.faults.length + 1);
          expect(error.faults.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
