import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { DashboardClient } from '../support/dashboard-client.ts';
import { startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

/** Runs a command as process 1 of a namespace of its own, as a container does; it ends when `unshare` is killed. */
const AS_PROCESS_ONE = ['unshare', '--pid', '--fork', '--kill-child'];

// Namespaces are for root, on Linux, where the container that runs the tests lets it.
const cannotUnshare = spawnSync('unshare', [...AS_PROCESS_ONE.slice(1), 'true']).status !== 0;

// The kernel keeps from process 1 every signal that it has no handler for: `docker stop` would wait, and then kill.
test.skipIf(cannotUnshare).each([
  { runtime: 'node', signal: 'SIGTERM' },
  { runtime: 'node', signal: 'SIGINT' },
  { runtime: 'deno', signal: 'SIGTERM' },
  { runtime: 'deno', signal: 'SIGINT' },
] as const)('process 1 drains on $signal: $runtime', async ({ runtime, signal }) => {
  const env = { WS_DRAIN_TIMEOUT: '5m' };
  const server = await startServer({ runtime, under: AS_PROCESS_ONE, env, fromSources: true });
  onTestFinished(() => server.stop());
  const client = await DashboardClient.connect(
    `${server.wsUrl}/ws/agents?token=${await tokenFor(newUser())}`,
  );
  onTestFinished(() => client.cut());
  const pid = onlyChildOf(server.pid);
  expect(namespacePids(pid).at(-1)).toBe('1');

  process.kill(pid, signal);
  await client.next('SERVER_DRAINING');
  await client.close();
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

function onlyChildOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  expect(children).toHaveLength(1);
  return Number(children[0]);
}

/** The pids of a process, in every namespace from the outermost to its own. */
function namespacePids(pid: number): string[] {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
}
