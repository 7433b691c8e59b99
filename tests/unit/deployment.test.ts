import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { configOf } from '../support/deployed-config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const dockerfile = readDockerfile(read('Dockerfile'));
const fly = readToml(read('fly.toml'));
const tasks = (JSON.parse(read('deno.json')) as { tasks: Record<string, string> }).tasks;
const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);

/** The sources that have this path as a text of their own, as a route has. */
const sourcesNaming = (path = ''): string[] =>
  sources.filter((file) => read(`src/${file}`).includes(`'${path}'`));

describe.each(['node', 'deno'])('Dockerfile, target %s', (target) => {
  const stage = dockerfile.get(target) ?? [];
  const argument = (name: string): string => stage.find(([word]) => word === name)?.[1] ?? '';
  const command = JSON.parse(argument('CMD')) as string[];

  test('runs the entry point of its runtime as process 1', () => {
    expect(command[0]).toBe(target);
    expect(command.at(-1)).toBe(`src/main.${target}.ts`);
    expect(existsSync(`${root}src/main.${target}.ts`)).toBe(true);
  });

  test('has nothing between process 1 and the server that keeps signals', () => {
    // The entry point of the node image executes the command in its place; that of the deno image does not.
    expect(argument('ENTRYPOINT')).toBe(target === 'deno' ? '[]' : '');
  });

  test('is not root, and is stopped by the signal that the server drains on', () => {
    expect(argument('USER')).toMatch(/^(?!root|0)\w+$/);
    expect(argument('STOPSIGNAL')).toBe('SIGTERM');
  });

  test('checks the health at a path that the server has', () => {
    const path = argument('HEALTHCHECK').match(/\/\w+(?=`)/)?.[0];
    expect(path).toBe('/healthz');
    expect(sourcesNaming(path), `src has no '${path}'`).not.toEqual([]);
  });

  test('listens outside of its own loopback, at the port that it exposes', () => {
    const env = Object.fromEntries(
      argument('ENV')
        .split(' ')
        .map((pair) => pair.split('=')),
    );
    const config = configOf(env);
    expect(config.host).toBe('0.0.0.0');
    expect(config.port).toBe(Number(argument('EXPOSE')));
  });
});

describe('Deno permissions', () => {
  const flags = (command: string): string[] => command.split(' ').filter((word) => word.startsWith('--'));
  const allowedEnv = flags(tasks.start ?? '')
    .find((flag) => flag.startsWith('--allow-env='))
    ?.replace('--allow-env=', '')
    .split(',');

  test('are the same in `deno task start`, `deno task dev` and the image', () => {
    const cmd = dockerfile.get('deno')?.find(([word]) => word === 'CMD')?.[1] ?? '';
    // Where the npm package `deno` is installed, `deno` alone in a task is taken for a script, and fails.
    expect(tasks.start).toBe(`node_modules/.bin/${(JSON.parse(cmd) as string[]).join(' ')}`);
    expect(flags(tasks.dev ?? '').filter((flag) => flag !== '--watch')).toEqual(flags(tasks.start ?? ''));
  });

  test('let the server read every variable that it has, and no other', () => {
    const variables = Object.values(settings).map(({ variable }) => variable);
    // A wildcard, so that a misspelt WS_ variable is seen and refused.
    const named = variables.filter((variable) => !variable.startsWith('WS_'));
    expect(allowedEnv?.toSorted()).toEqual([...named, 'WS_*'].toSorted());
  });

  test('let it read no file but the scripts of the Redis engine', () => {
    expect(flags(tasks.start ?? '')).toContain('--allow-read=src/adapters/redis/lua');
    expect(existsSync(`${root}src/adapters/redis/lua`)).toBe(true);
  });
});

describe('fly.toml', () => {
  const value = (table: string, key: string): string | undefined => fly.get(table)?.get(key);
  const config = configOf(Object.fromEntries(fly.get('env') ?? []));

  test('leaves more time than the drain takes, within what Fly grants', () => {
    expect(value('', 'kill_signal')).toBe('SIGTERM');
    expect(Number(value('', 'kill_timeout')) * 1000).toBeGreaterThan(config.drainTimeoutMs);
    expect(Number(value('', 'kill_timeout'))).toBeLessThanOrEqual(300);
  });

  test('sends no more connections than an instance takes', () => {
    const hard = Number(value('http_service.concurrency', 'hard_limit'));
    expect(value('http_service.concurrency', 'type')).toBe('connections');
    expect(hard).toBeLessThanOrEqual(config.maxConnectionsPerInstance);
    expect(Number(value('http_service.concurrency', 'soft_limit'))).toBeLessThan(hard);
  });

  test('reaches the server: its port, its address, its checks', () => {
    expect(config.host).toBe('0.0.0.0');
    expect(Number(value('http_service', 'internal_port'))).toBe(config.port);
    expect(Number(value('checks.alive', 'port'))).toBe(config.port);
    for (const path of [value('http_service.checks', 'path'), value('checks.alive', 'path')]) {
      expect(sourcesNaming(path), `src has no '${path}'`).not.toEqual([]);
    }
    expect(dockerfile.has(value('build', 'build-target') ?? '')).toBe(true);
  });

  test('never stops a machine for being quiet', () => {
    expect(value('http_service', 'auto_stop_machines')).toBe('off');
    expect(Number(value('http_service', 'min_machines_running'))).toBeGreaterThanOrEqual(2);
  });
});

describe('deploy/haproxy.cfg', () => {
  const lines = read('deploy/haproxy.cfg').split('\n');
  const seconds = (name: string): number => {
    const line = lines.find((text) => text.trim().startsWith(`timeout ${name} `));
    const [, count, unit] = line?.match(/ (\d+)([sm])$/) ?? [];
    return Number(count) * (unit === 'm' ? 60 : 1);
  };

  test('keeps a quiet WebSocket, and forgets a dead one within a few heartbeats', () => {
    const { heartbeatIntervalMs, heartbeatMisses } = configOf({});
    expect(seconds('tunnel') * 1000).toBeGreaterThan(2 * heartbeatIntervalMs);
    expect(seconds('tunnel') * 1000).toBeLessThanOrEqual((heartbeatMisses + 1) * heartbeatIntervalMs);
  });

  test('asks for readiness at a path that the server has', () => {
    const path = lines.join('\n').match(/http-check send .*uri (\S+)/)?.[1];
    expect(path).toBe('/readyz');
    expect(sourcesNaming(path), `src has no '${path}'`).not.toEqual([]);
  });
});

test('docs/deploying.md has Docker wait for longer than the drain takes', () => {
  const seconds = Number(read('docs/deploying.md').match(/`docker stop -t (\d+)`/)?.[1]);
  expect(seconds * 1000).toBeGreaterThan(configOf({}).drainTimeoutMs + 5_000);
});

test('.ci/run calls the test command of the README', () => {
  const command = read('.ci/run').match(/^\((npm ci .*)\) \|\|/m)?.[1];
  expect(command).toMatch(/npm run ok/);
  expect(read('README.md').split('\n')).toContain(command);
});

/** The instructions of each named stage, as `[word, rest]`. */
function readDockerfile(text: string): Map<string, [word: string, rest: string][]> {
  const stages = new Map<string, [string, string][]>();
  let stage: [string, string][] = [];
  for (const line of text.replace(/\\\n\s*/g, '').split('\n')) {
    const [, word, rest] = line.match(/^([A-Z]+) (.+)$/) ?? [];
    if (word === undefined || rest === undefined) continue;
    const name = word === 'FROM' ? rest.match(/ AS (\w+)$/)?.[1] : undefined;
    if (name !== undefined) {
      stage = [];
      stages.set(name, stage);
    }
    stage.push([word, rest.replace(/^(?:--\S+ )*CMD /, '')]);
  }
  return stages;
}

/** As much TOML as fly.toml has: tables, and keys with a number, a boolean or a plain string each. */
function readToml(text: string): Map<string, Map<string, string>> {
  let table = new Map<string, string>();
  const tables = new Map([['', table]]);
  for (const line of text.split('\n')) {
    const header = line.match(/^\[+([\w.]+)\]+$/)?.[1];
    const [, key, quoted, bare] = line.match(/^([\w-]+) = (?:"([^"]*)"|(\S+))$/) ?? [];
    if (header !== undefined) {
      table = new Map();
      tables.set(header, table);
    } else if (key !== undefined) {
      table.set(key, quoted ?? bare ?? '');
    } else if (line !== '' && !line.startsWith('#')) {
      throw new Error(`fly.toml: this reader does not know what it says: ${line}`);
    }
  }
  return tables;
}
