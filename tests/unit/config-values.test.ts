import { isIP, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddressRange, isIpv6 } from '../../src/config/addresses.ts';
import { faultsOf, readConfig, refusedIn, whsecOf } from '../support/reading-config.ts';

type Case = readonly [variable: string, texts: readonly string[]];

const REFUSED: readonly Case[] = [
  ['HOST', ['http://a', 'a:80', '[::1]', 'a b', '8080', '1.2.3.256', '-a', 'a..b', ':::', 'a'.repeat(254)]],
  ['PORT', ['65536', '-1', '80.5', 'http']],
  [
    'REDIS_URL',
    [
      'localhost',
      'http://h',
      'redis://',
      'redis:///1',
      'redis://h/one',
      'redis://h:99999',
      'redis://h#x',
      'redis://:%@h',
      'redis://h,',
      'redis://pa/ss@h',
    ],
  ],
  ['INSTANCE_ID', ['a b', 'a/b', '{a}', 'ü', 'i'.repeat(129)]],
  [
    'WS_ALLOWED_ORIGINS',
    [
      '*',
      'a.io',
      'https://',
      'https://a.io/',
      'https://a.io/x',
      'https://*.a.io',
      'https://u@a.io',
      'https://a.io:x',
      'https://a.io:70000',
      'https://a.io?x',
      'https://a.io,',
      'null',
    ],
  ],
  [
    'TRUSTED_PROXIES',
    [
      'a',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/08',
      '010.0.0.1',
      '1.2.3',
      '1:2:3:4:5:6:7::8',
      '::/129',
      '::ffff:10.0.0.0/95',
      'fe80::1%eth0',
      '[::1]',
      '10.0.0.1:80',
      '/8',
      '::1,',
    ],
  ],
  ['LOG_LEVEL', ['INFO', 'trace', '1']],
];

describe.each(REFUSED)('%s', (variable, texts) => {
  it.each(texts)('refuses %j', (text) => {
    expect(refusedIn({ [variable]: text })).toEqual([variable]);
  });
});

describe('where to listen', () => {
  it.each(['localhost', '0.0.0.0', '::', 'fe80::1%eth0', 'fly-local-6pn', 'my_host.internal'])(
    'HOST takes %s',
    (host) => {
      expect(readConfig({ HOST: host }).host).toBe(host);
    },
  );

  it('PORT takes its bounds', () => {
    expect([readConfig({ PORT: '0' }).port, readConfig({ PORT: '65535' }).port]).toEqual([0, 65_535]);
  });

  it('INSTANCE_ID takes up to 128 characters', () => {
    const id = `A-z_0.9:${'x'.repeat(120)}`;
    expect(readConfig({ INSTANCE_ID: id }).instanceId).toBe(id);
  });
});

describe('REDIS_URL', () => {
  it.each(['redis://localhost', 'rediss://u:p%2C@h:6380/1', 'redis://[::1]:6379/', 'redis://h?family=6'])(
    'takes %s',
    (url) => {
      expect(readConfig({ REDIS_URL: url }).redisUrls).toEqual([url]);
    },
  );

  it('takes several as a list', () => {
    const { redisUrls } = readConfig({ REDIS_URL: 'redis://a:1, redis://b:2' });
    expect(redisUrls).toEqual(['redis://a:1', 'redis://b:2']);
  });
});

describe('token settings', () => {
  it('JWT_SECRET is taken as it is, spaces included', () => {
    expect(readConfig({ JWT_SECRET: ' s p ' }).jwtSecret).toBe(' s p ');
  });

  it('JWKS_URL stands in for JWT_SECRET; issuer and audience may join', () => {
    const env = { JWT_SECRET: '', JWKS_URL: 'http://id/k', JWT_ISSUER: 'https://id/', JWT_AUDIENCE: 'dash' };
    const { jwtSecret, jwksUrl, jwtIssuer, jwtAudience } = readConfig(env);
    expect([jwtSecret, jwksUrl, jwtIssuer, jwtAudience]).toEqual([
      null,
      'http://id/k',
      'https://id/',
      'dash',
    ]);
  });

  it.each(['id.example/keys', 'ftp://a/k', 'https://', 'https://me:pw@a/k'])('JWKS_URL refuses %s', (url) => {
    expect(refusedIn({ JWT_SECRET: '', JWKS_URL: url })).toEqual(['JWKS_URL']);
  });
});

describe('INTERNAL_SERVICE_KEYS', () => {
  it('takes several services, one of them twice, keys of 16 to 64 bytes', () => {
    const keys = [
      { name: 'worker', secret: whsecOf(16) },
      { name: 'ops-1', secret: whsecOf(24) },
      { name: 'worker', secret: whsecOf(64) },
    ];
    const text = keys.map((key) => `${key.name}:${key.secret}`).join(' , ');
    expect(readConfig({ INTERNAL_SERVICE_KEYS: text }).serviceKeys).toEqual(keys);
  });

  it.each([
    'worker',
    whsecOf(32),
    `:${whsecOf(32)}`,
    `my worker:${whsecOf(32)}`,
    `worker:${whsecOf(32).slice('whsec_'.length)}`,
    `worker:${whsecOf(15)}`,
    `worker:${whsecOf(65)}`,
    `worker:${whsecOf(32).slice(0, -1)}`,
    `worker:${whsecOf(32).replace('w', '-')}`,
    `worker:${whsecOf(33).slice(0, -4)}-_-_`,
    `worker:${whsecOf(32)},`,
  ])('refuses %j', (text) => {
    expect(refusedIn({ INTERNAL_SERVICE_KEYS: text })).toEqual(['INTERNAL_SERVICE_KEYS']);
  });

  it('has a fault for every wrong entry', () => {
    const got = faultsOf({ INTERNAL_SERVICE_KEYS: `a,w:${whsecOf(32)},b:c` }).map((fault) => fault.got);
    expect(got).toEqual(['entry 1 (hidden, 1 characters)', 'entry 3 (hidden, 3 characters)']);
  });
});

describe('WS_ALLOWED_ORIGINS', () => {
  it.each([
    ['https://A.io', 'https://a.io'],
    ['HTTPS://a.io:443', 'https://a.io'],
    ['http://localhost:5173', 'http://localhost:5173'],
    ['http://[::1]:80', 'http://[::1]'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['chrome-extension://AbC', 'chrome-extension://abc'],
  ])('reads %s the way a browser sends it', (text, origin) => {
    expect(readConfig({ WS_ALLOWED_ORIGINS: ` ${text} ,https://b.io` }).allowedOrigins).toEqual([
      origin,
      'https://b.io',
    ]);
  });
});

describe('addresses', () => {
  it('TRUSTED_PROXIES takes addresses and ranges', () => {
    const ranges = ['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1', '::ffff:10.0.0.1', '0.0.0.0/0', '::/128'];
    expect(readConfig({ TRUSTED_PROXIES: ranges.join(', ') }).trustedProxies).toEqual(ranges);
  });

  const scraps = fc.array(
    fc.constantFrom(':', '::', '0', 'ab', 'FFFF', '1.2.3.4', '255', '256', '.', 'g', '12345'),
    { maxLength: 16 },
  );

  it.each([
    [
      'any text',
      fc.oneof(
        fc.string(),
        scraps.map((parts) => parts.join('')),
      ),
    ],
    ['any address', fc.oneof(fc.ipV4(), fc.ipV6())],
  ])('are what the platform takes for one: %s', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(isIpv6(text)).toBe(isIPv6(text) && !text.includes('%'));
        if (!text.includes('/')) expect(isAddressRange(text)).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });
});
