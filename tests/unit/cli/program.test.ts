import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { createTokenVerifier } from '../../../src/adapters/auth/jwt.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { parseConfig } from '../../../src/config.ts';
import { fakeShell } from './fake-shell.ts';

const COMMANDS = [
  'serve',
  'demo',
  'publish',
  'tail',
  'token',
  'keygen',
  'check-config',
  'status',
  'explain',
  'disconnect',
] as const;
const SECRET = 'a-secret-of-thirty-two-bytes-or-more';
const KEY = `whsec_${'QUJD'.repeat(8)}`;

const folder = mkdtempSync(join(tmpdir(), 'agentcast-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const shell = fakeShell(env);
  await runCommandLine(args, shell);
  return { status: shell.status(), out: shell.written.join(''), err: shell.complained.join('') };
}

describe('help', () => {
  test.each(COMMANDS)('of %s has examples', async (command) => {
    const { status, out } = await run([command, '--help']);
    expect(status).toBe(0);
    expect(out).toContain(`Usage: agentcast ${command}`);
    expect(out).toMatch(new RegExp(`Examples:\n(  .*\n)*?  .*agentcast(\\.js)? ${command}`));
  });

  test('names every command, and the exit statuses', async () => {
    const { status, out } = await run(['--help']);
    expect(status).toBe(0);
    for (const word of [...COMMANDS, '130']) expect(out).toContain(word);
  });
});

describe('wrong usage ends with 2', () => {
  test.each<[string[], string]>([
    [['toke'], "unknown command 'toke'\n(Did you mean token?)"],
    [['token'], "required option '--user <id>' not specified"],
    [['token', '--user', 'u-1'], 'no secret: got neither --secret-file nor JWT_SECRET'],
    [
      ['token', '--user', 'u-1', '--secret-file', '/nowhere'],
      '--secret-file: could not read /nowhere: ENOENT',
    ],
    [['keygen', '--name', 'a b'], '--name: got "a b", wanted 1 to 128 of'],
    [['status'], 'agentcast keygen makes a key'],
    [['disconnect'], 'got neither --user nor --connection, wanted one of them'],
    [
      ['disconnect', '--user', 'u-1', '--connection', 'c-1'],
      'got --user and --connection, wanted one of them',
    ],
    [['disconnect', '--connection', '../users'], '--connection: got "../users", wanted an id'],
    [['disconnect', '--user', 'u-1'], 'no service key'],
    [['publish'], 'no service key'],
    [['tail'], 'no token: got neither AGENTCAST_TOKEN nor a secret'],
    [
      ['tail', '--from', '5x'],
      '--from: got "5x", wanted an integer from 0 to 9007199254740991, or latest, or all',
    ],
    [['tail', 'more'], 'too many arguments'],
    [['publish', '--retry-for', '10m'], '--retry-for: got 10m, wanted at most 9m'],
    [['tail', '--from', '-1'], '--from: got "-1", wanted an integer'],
    [['tail', '--from', '9'.repeat(40)], '--from: got'],
  ])('%j: %s', async (args, words) => {
    const { status, out, err } = await run(args);
    expect(err).toContain(`agentcast: `);
    expect(err).toContain(words);
    expect({ status, out }).toEqual({ status: 2, out: '' });
  });

  test('nothing at all shows the help, on standard error', async () => {
    const { status, out, err } = await run([]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('name:whsec_… to sign with');
  });

  test.each([
    [['status', `--key=${KEY}`]],
    [[KEY]],
    [['tail', '--url', `http://ada:${SECRET}@host`]],
    [['tail', '--token=abc.def.secretly']],
    [['publish', '--retry-for', KEY]],
  ])('%j: a secret in an argument is not repeated', async (args) => {
    const { status, err } = await run(args, { AGENTCAST_SERVICE_KEY: `w:${KEY}`, JWT_SECRET: SECRET });
    expect(status).toBe(2);
    expect(err).not.toMatch(/QUJD|thirty-two|secretly/);
  });
});

describe('token', () => {
  const verify = createTokenVerifier({
    secret: SECRET,
    jwksUrl: null,
    issuer: null,
    audience: null,
    now: () => Date.now(),
  });

  test('is one that a server with this secret takes', async () => {
    const { status, out } = await run(['token', '--user', 'u-1', '--expires', '2h'], { JWT_SECRET: SECRET });
    expect(status).toBe(0);
    expect(await verify(out.trim())).toMatchObject({ kind: 'valid', userId: 'u-1' });
    const { exp = 0, iat = 0 } = decodeJwt(out.trim());
    expect(Math.abs(exp - iat - 7_200)).toBeLessThanOrEqual(1);
  });

  test('takes the secret of a file, without the line feed at its end, before that of the environment', async () => {
    const path = file('secret', `${SECRET}\n`);
    const { out } = await run(['token', '--user', 'u-1', '--secret-file', path], { JWT_SECRET: 'another' });
    expect(await verify(out.trim())).toMatchObject({ kind: 'valid' });
  });

  test('has issuer and audience where the server asks for them', async () => {
    const { out } = await run(['token', '--user', 'u-1'], {
      JWT_SECRET: SECRET,
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'dashboards',
    });
    expect(decodeJwt(out.trim())).toMatchObject({ iss: 'https://issuer.example', aud: 'dashboards' });
  });

  test.each(['u 1', '', '{u}'])('refuses %j as a user', async (user) => {
    const { status, err } = await run(['token', '--user', user], { JWT_SECRET: SECRET });
    expect(status).toBe(2);
    expect(err).toContain(`--user: got ${JSON.stringify(user)}, wanted 1 to 128 characters`);
  });

  test.each(['1', 'soon', '0s', '10ms', '1w', '-1h', '999999999d'])(
    'refuses %j as a duration',
    async (expires) => {
      const { status, err } = await run(['token', '--user', 'u-1', `--expires=${expires}`], {
        JWT_SECRET: SECRET,
      });
      expect(status).toBe(2);
      expect(err).toContain('--expires: got');
    },
  );
});

describe('keygen', () => {
  test('makes a key that the server takes, in lines for an .env file', async () => {
    const { out } = await run(['keygen', '--name', 'builders']);
    const lines = Object.fromEntries(
      [...out.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', text]) => [name, text]),
    );
    expect(Object.keys(lines)).toEqual(['INTERNAL_SERVICE_KEYS', 'AGENTCAST_SERVICE_KEY']);
    const config = parseConfig({ ...lines, JWT_SECRET: SECRET }, { hostname: 'h', randomSuffix: 'r' });
    expect(config.serviceKeys.map(({ name }) => name)).toEqual(['builders']);
    expect(Buffer.from(config.serviceKeys[0]?.secret.slice(6) ?? '', 'base64')).toHaveLength(32);
    expect(lines.AGENTCAST_SERVICE_KEY).toBe(lines.INTERNAL_SERVICE_KEYS);
  });

  test('--json, and never the same twice', async () => {
    const [one, two] = await Promise.all([run(['keygen', '--json']), run(['keygen', '--json'])]);
    const { name, key, internal_service_keys } = JSON.parse(one.out);
    expect(internal_service_keys).toBe(`${name}:${key}`);
    expect(JSON.parse(two.out).key).not.toBe(key);
  });
});

describe('check-config', () => {
  const ENV = { JWT_SECRET: SECRET, INTERNAL_SERVICE_KEYS: `workers:${KEY},old:${KEY}` };
  const rowOf = (out: string, variable: string) =>
    out
      .split('\n')
      .find((line) => line.startsWith(`${variable} `))
      ?.split(/ {2,}/);

  test('shows what is in force and where it is from, without a secret', async () => {
    const { status, out } = await run(['check-config'], {
      ...ENV,
      PORT: '81',
      REDIS_URL: 'redis://:hushhush@one:6379,redis://two:6379/0',
    });
    expect(status).toBe(0);
    expect(rowOf(out, 'PORT')).toEqual(['PORT', '81', 'environment']);
    expect(rowOf(out, 'HOST')).toEqual(['HOST', '127.0.0.1', 'default']);
    expect(rowOf(out, 'JWT_SECRET')).toEqual([
      'JWT_SECRET',
      `(hidden, ${SECRET.length} characters)`,
      'environment',
    ]);
    expect(rowOf(out, 'INTERNAL_SERVICE_KEYS')?.[1]).toBe('workers:(hidden),old:(hidden)');
    expect(out).not.toMatch(/hushhush|QUJD|thirty-two/);
    expect(out).not.toContain('RFC 7518');
  });

  test('shows addresses that hold no password', async () => {
    const { out } = await run(['check-config'], { ...ENV, REDIS_URL: 'redis://one:6379,redis://two:6379' });
    expect(rowOf(out, 'REDIS_URL')?.[1]).toBe('redis://one:6379,redis://two:6379');
  });

  test('advises against a short secret', async () => {
    const { status, out } = await run(['check-config'], { ...ENV, JWT_SECRET: 'short' });
    expect(status).toBe(0);
    expect(out).toContain('JWT_SECRET has 5 bytes: RFC 7518 asks for 32 or more.');
  });

  test('names every fault, and ends with 1', async () => {
    const { status, out, err } = await run(['check-config'], { PORT: 'eighty', WS_QUEUE_TTI: '5s' });
    expect({ status, out }).toEqual({ status: 1, out: '' });
    for (const words of [
      'PORT: got "eighty"',
      'INTERNAL_SERVICE_KEYS: got nothing',
      'did you mean WS_QUEUE_TTL?',
    ]) {
      expect(err).toContain(words);
    }
  });
});
