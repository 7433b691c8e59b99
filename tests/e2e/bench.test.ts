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
