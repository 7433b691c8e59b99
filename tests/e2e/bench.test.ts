import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startOwned } from '../support/owned-process.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  ['resume', ['--clients', 'many'], '--clients: got "many", wanted a whole number from 1 on'],
  ['memory', ['--clients', '5'], "Unknown option '--clients'"],
  ['main', ['--against', '/nowhere'], '--against: got "/nowhere", wanted another checkout of agentcast'],
])('bench/%s.ts with %j: wrong usage in one line, and nothing is measured', async (name, args, reason) => {
  const command = ['--import', 'tsx', `bench/${name}.ts`, ...args];
  const running = await startOwned(process.execPath, command, { cwd: PROJECT });
  const { code } = await running.exited;
  expect(running.output()).toContain(`bench: ${reason}`);
  expect(running.output().trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});

/** Processes whose working directory is in the folder. */
const processesIn = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });

const isLinux = process.platform === 'linux';

test.runIf(isLinux)(
  'interrupted, a bench leaves neither its Redis running nor its folder behind',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'agentcast-bench-'));
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TMPDIR: folder };
    const command = ['--import', 'tsx', 'bench/main.ts', '--only', 'one by one'];
    const running = await startOwned(process.execPath, command, { cwd: PROJECT, env });
    await running.line((line) => line.endsWith('with Redis'), 20_000);
    expect(processesIn(folder)).toHaveLength(1);
    running.signal('SIGINT');
    expect((await running.exited).code).toBe(130);
    await expect.poll(() => processesIn(folder)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith('agentcast-'))).toEqual([]);
    rmSync(folder, { recursive: true });
  },
);
