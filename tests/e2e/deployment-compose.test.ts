import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseDocument } from 'yaml';
import { configOf } from '../support/deployed-config.ts';
import { findDockerCompose, noDockerCompose } from '../support/docker-compose-installation.ts';
import { startOwned } from '../support/owned-process.ts';
import { findRedisProgram } from '../support/redis-server.ts';

const FILE = fileURLToPath(new URL('../../deploy/compose.yaml', import.meta.url));
const INSTANCES = ['one', 'two', 'three'];
/** Nothing is started, so that any text will do. */
const SECRETS = { JWT_SECRET: 'a', INTERNAL_SERVICE_KEYS: 'b' };

type Service = {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks?: { readonly inside: { readonly ipv4_address: string } };
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
  readonly volumes?: readonly string[];
};

const document = parseDocument(readFileSync(FILE, 'utf8'), { merge: true, strict: true });
const { services, networks } = document.toJS() as {
  services: Readonly<Record<string, Service>>;
  networks: { inside: { ipam: { config: [{ subnet: string }] } } };
};

describe('deploy/compose.yaml', () => {
  test.skipIf(noDockerCompose !== null)(
    `is what Docker Compose takes${noDockerCompose === null ? '' : ` (${noDockerCompose})`}`,
    async () => {
      await compose(SECRETS);
      await expect(compose({})).rejects.toThrow(/see the head of compose.yaml/);
    },
  );

  test.each(INSTANCES)(
    'instance %s starts with its variables, writes nowhere and has time to drain',
    (name) => {
      const { environment = {}, read_only, stop_grace_period = '' } = services[name] ?? {};
      const { JWT_SECRET, INTERNAL_SERVICE_KEYS, ...open } = environment;
      const config = configOf(open);
      expect(config.instanceId).toBe(name);
      expect(config.redisUrls).toEqual(['redis://redis:6379']);
      expect(Number.parseInt(stop_grace_period, 10) * 1_000).toBeGreaterThan(config.drainTimeoutMs + 5_000);
      expect(read_only).toBe(true);
    },
  );

  test('HAProxy finds the instances, and they trust it', () => {
    const { AGENTCAST_1, AGENTCAST_2, AGENTCAST_3 } = services.haproxy?.environment ?? {};
    const addresses = INSTANCES.map((name) => `${services[name]?.networks?.inside.ipv4_address}:8080`);
    expect([AGENTCAST_1, AGENTCAST_2, AGENTCAST_3]).toEqual(addresses);
    expect(services.one?.environment?.TRUSTED_PROXIES).toBe(networks.inside.ipam.config[0].subnet);
  });

  test('Redis starts as it is told to', async () => {
    const [, ...settings] = services.redis?.command ?? [];
    const redis = await startedRedis(settings);
    const setTo = async (name: string) => ((await redis.config('GET', name)) as string[])[1];
    expect(await setTo('maxmemory-policy')).toBe('noeviction');
    expect(await setTo('appendonly')).toBe('yes');
    expect(await setTo('client-output-buffer-limit')).toMatch(/pubsub 67108864 16777216 60$/);
  });
});

const compose = (env: Record<string, string>) =>
  promisify(execFile)(findDockerCompose() ?? '', ['-f', FILE, 'config', '--quiet'], {
    env: { PATH: process.env.PATH, ...env },
  });

/** A Redis with these settings, reached by a socket of its own; it ends with the test. */
async function startedRedis(settings: readonly string[]): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'agentcast-redis-'));
  const path = join(folder, 'socket');
  const place = ['--port', '0', '--unixsocket', path, '--dir', folder];
  const running = await startOwned(findRedisProgram() ?? '', [...settings, ...place]);
  await running.line((line) => line.includes('ready to accept connections'), 10_000);
  const redis = new Redis(path);
  onTestFinished(async () => {
    redis.disconnect();
    await running.end();
    await rm(folder, { recursive: true });
  });
  return redis;
}
