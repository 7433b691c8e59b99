import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findK6, HOW_TO_GET_K6 } from '../../load/k6-program.ts';
import { startOwned } from '../support/owned-process.ts';

/** Events that sockets of the smoke scenario hear in all; each is a frame. */
const RECEIVED = 2_600;
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

async function load(...args: string[]) {
  const running = await startOwned(process.execPath, ['--import', 'tsx', 'load/main.ts', ...args], {
    cwd: PROJECT,
  });
  const { code } = await running.exited;
  return { code, output: running.output(), rows: running.lines() };
}

test('the smoke scenario keeps every promise, where there is a k6', async ({ skip }) => {
  if ((await findK6()) === null) {
    process.stderr.write(`[tests] the load scenario smoke is skipped: ${HOW_TO_GET_K6}\n`);
    skip(HOW_TO_GET_K6);
  }
  const { code, output, rows } = await load('smoke');
  expect(output).not.toContain('NOT OK');
  const [, frames = ''] = /^smoke \(2 on node\): ([\d,]+) frames, /m.exec(output) ?? [];
  expect(Number(frames.replaceAll(',', ''))).toBeGreaterThanOrEqual(RECEIVED);
  expect(rows.filter((row) => row.startsWith('smoke (2 on node)  ') && row.endsWith('  ok'))).toHaveLength(9);
  expect(code).toBe(0);
}, 60_000);

test('a scenario that there is not: wrong usage, and which there are', async () => {
  const { code, output } = await load('storm');
  expect(output).toContain('load: scenario: got "storm", wanted one of smoke, connections, throughput');
  expect(code).toBe(2);
});
