import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const run = promisify(execFile);

/** What a dashboard may write; nothing is listening. */
const PROGRAM = `import { connect, createPublisher } from 'agentcast/client';
const connection = connect({ url: 'ws://127.0.0.1:1', token: 't', WebSocket: class { addEventListener() {} close() {} } });
const publisher = createPublisher({ url: 'http://127.0.0.1:1', service: 's', key: 'whsec_QUJD' });
connection.close();
console.log([await connection.ended, connection.state, publisher.queued].join());
`;
const TYPED = `import { type Connection, connect, createPublisher, type StreamItem } from 'agentcast/client';
const connection: Connection = connect({ url: '/ws/agents', getToken: async ({ fresh }) => String(fresh) });
connection.on('AGENT_STATUS_CHANGED', ({ payload }) => payload.new_status satisfies 'idle' | string);
// @ts-expect-error it takes one of token and getToken, and an address
connect({ token: 5 });
export const items: AsyncIterable<StreamItem> = connection;
export const publisher = createPublisher({ url: 'https://h', service: 's', key: 'whsec_QUJD' });
`;

const folder = mkdtempSync(join(tmpdir(), 'agentcast-package-'));
const at = (name: string): string => join(folder, name);

/** The tarball that npm would publish, unpacked where npm would install it: the client library needs nothing beside it. */
beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  mkdirSync(at('node_modules/agentcast'), { recursive: true });
  const tarball = at(stdout.trim().split('\n').at(-1) ?? '');
  await run('tar', ['-xf', tarball, '--strip-components=1', '-C', at('node_modules/agentcast')]);
  writeFileSync(at('package.json'), '{ "type": "module" }');
  writeFileSync(at('program.js'), PROGRAM);
  writeFileSync(at('typed.ts'), TYPED);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('Node takes it as it is installed, and so does Deno', async () => {
  const { runInstall } = createRequire(import.meta.url)('deno/install_api.cjs') as { runInstall(): string };
  const [node, deno] = await Promise.all([
    run(process.execPath, ['program.js'], { cwd: folder }),
    run(runInstall(), ['run', '--no-prompt', 'program.js'], { cwd: folder }),
  ]);
  expect([node.stdout, deno.stdout]).toEqual([',closed,0\n', ',closed,0\n']);
});

test('a bundler takes it for browsers, and the compiler its types, strictly', async () => {
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,dom',
  ];
  const [{ outputFiles }] = await Promise.all([
    build({
      entryPoints: [at('program.js')],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    }),
    run(TSC, [...options, '--types', '', '--skipLibCheck', 'typed.ts'], { cwd: folder }),
  ]);
  expect(outputFiles[0]?.text).not.toMatch(/\bfrom ["']|\brequire\(/);
});

test('it is one module without a dependency, and the readme states its size', () => {
  const code = readFileSync(at('node_modules/agentcast/dist/client/index.js'));
  expect(code.toString()).not.toMatch(/\bimport\b|\bnode:/);
  const [, bytes = ''] =
    /both are ([\d,]+) bytes/.exec(readFileSync(join(ROOT, 'src/client/README.md'), 'utf8')) ?? [];
  expect(Math.abs(code.length / Number(bytes.replace(',', '')) - 1)).toBeLessThan(0.02);
});
