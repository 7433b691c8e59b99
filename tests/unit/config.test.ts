import { describe, expect, it } from 'vitest';
import { type Config, parseConfig } from '../../src/config.ts';
import { REQUIRED, readConfig, refusedIn, whsecOf } from '../support/reading-config.ts';

const DURATIONS = {
  WS_HEARTBEAT_INTERVAL: 'heartbeatIntervalMs',
  WS_HEARTBEAT_TIMEOUT: 'heartbeatTimeoutMs',
  WS_REPLAY_WINDOW: 'replayWindowMs',
  WS_QUEUE_TTL: 'queueTtlMs',
  WS_PROGRESS_WINDOW: 'progressWindowMs',
  WS_DRAIN_TIMEOUT: 'drainTimeoutMs',
  WS_RECONCILE_INTERVAL: 'reconcileIntervalMs',
} as const satisfies Record<string, keyof Config>;

const COUNTS = {
  WS_HEARTBEAT_MISSES: 'heartbeatMisses',
  WS_MAX_REPLAY_MESSAGES: 'maxReplayMessages',
  WS_SEND_BUFFER_SIZE: 'sendBufferSize',
  WS_MAX_CONNECTIONS_PER_INSTANCE: 'maxConnectionsPerInstance',
  WS_MAX_MESSAGE_BYTES: 'maxMessageBytes',
} as const satisfies Record<string, keyof Config>;

const LIMITS = {
  WS_RATE_LIMIT_PER_CONNECTION: 'rateLimitPerConnection',
  WS_RATE_LIMIT_GLOBAL: 'rateLimitGlobal',
  WS_MAX_CONNECTIONS_PER_USER: 'maxConnectionsPerUser',
  WS_CONNECT_RATE_PER_ADDRESS: 'connectRatePerAddress',
} as const satisfies Record<string, keyof Config>;

const EXPECTED_DEFAULTS: Config = {
  host: '127.0.0.1',
  port: 8080,
  redisUrls: [],
  instanceId: 'box-x7k2',
  jwtSecret: REQUIRED.JWT_SECRET,
  jwksUrl: null,
  jwtIssuer: null,
  jwtAudience: null,
  serviceKeys: [{ name: 'worker', secret: whsecOf(32) }],
  allowedOrigins: null,
  heartbeatIntervalMs: 30_000,
  heartbeatTimeoutMs: 10_000,
  heartbeatMisses: 3,
  replayWindowMs: 300_000,
  maxReplayMessages: 1000,
  rateLimitPerConnection: 100,
  rateLimitGlobal: 10_000,
  sendBufferSize: 100,
  queueTtlMs: 5000,
  progressWindowMs: 100,
  drainTimeoutMs: 30_000,
  maxConnectionsPerInstance: 10_000,
  maxConnectionsPerUser: 20,
  connectRatePerAddress: 300,
  trustedProxies: [],
  maxMessageBytes: 65_536,
  reconcileIntervalMs: 2000,
  logLevel: 'info',
};

describe('defaults', () => {
  it('stand as the contract has them', () => {
    expect(readConfig({})).toEqual(EXPECTED_DEFAULTS);
  });

  it('hold for empty and blank variables', () => {
    const blank = Object.fromEntries(
      [
        ...Object.keys({ ...DURATIONS, ...COUNTS, ...LIMITS }),
        'PORT',
        'HOST',
        'REDIS_URL',
        'JWKS_URL',
        'WS_ALLOWED_ORIGINS',
        'WS_NO_SUCH_NAME',
        'LOG_LEVEL',
      ].map((name, at) => [name, at % 2 ? '' : ' ']),
    );
    expect(readConfig(blank)).toEqual(EXPECTED_DEFAULTS);
  });

  it('make an instance id of any host name', () => {
    const idOn = (hostname: string) => parseConfig(REQUIRED, { hostname, randomSuffix: 'x7k2' }).instanceId;
    expect(idOn('Büro 1')).toBe('B-ro-1-x7k2');
    expect(idOn('h'.repeat(200))).toBe(`${'h'.repeat(123)}-x7k2`);
  });
});

describe.each(Object.entries(DURATIONS))('%s', (variable, field) => {
  it.each([
    ['10ms', 10],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['7', 7000],
    ['0.25', 250],
    ['1.5m', 90_000],
    [' 2s ', 2000],
    ['1440m', 86_400_000],
  ])('reads %j', (text, milliseconds) => {
    expect(readConfig({ [variable]: text })[field]).toBe(milliseconds);
  });

  it.each([
    '0',
    '9ms',
    '0.009',
    '1441m',
    '86401',
    '-1s',
    '1h',
    '5 m',
    's',
    '1e3',
    'soon',
    '.5s',
    '٣s',
    '9'.repeat(400),
  ])('refuses %j', (text) => {
    expect(refusedIn({ [variable]: text })).toEqual([variable]);
  });
});

describe.each(Object.entries({ ...COUNTS, ...LIMITS }))('%s', (variable, field) => {
  it.each(['1', '1000000'])('takes %s', (text) => {
    expect(readConfig({ [variable]: text })[field]).toBe(Number(text));
  });

  it.each(['-1', '1000001', '1.5', '1e3', '0x10', 'many', '1,000', '9'.repeat(400)])('refuses %j', (text) => {
    expect(refusedIn({ [variable]: text })).toEqual([variable]);
  });

  it(`${variable in LIMITS ? 'takes' : 'refuses'} 0`, () => {
    if (variable in LIMITS) expect(readConfig({ [variable]: '0' })[field]).toBe(0);
    else expect(refusedIn({ [variable]: '0' })).toEqual([variable]);
  });
});
