import { expect, inject, onTestFinished, test } from 'vitest';
import { DashboardClient } from '../support/dashboard-client.ts';
import { startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

/** Node's permission model, without the permission to write any file. */
const MAY_NOT_WRITE = { NODE_OPTIONS: '--experimental-permission --allow-fs-read=*' };

// `deno task start` has no permission to write in any test.
test('a server works from start to drain where it may write no file (Node)', async () => {
  const server = await startServer({ runtime: 'node', redisUrl: inject('redisUrl'), env: MAY_NOT_WRITE });
  onTestFinished(() => server.stop());
  const user = newUser();
  const client = await DashboardClient.connect(`${server.wsUrl}/ws/agents?token=${await tokenFor(user)}`);
  await client.next('CONNECTED');
  const { sequence_id } = await new Worker(server.url).accepted(numberedEvent(user, 1));
  expect(await client.until((frame) => frame.sequence_id === sequence_id)).toBeDefined();
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
  const closing = client.next('SERVER_DRAINING').then(() => client.close());
  server.signal('SIGTERM');
  await closing;
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.output()).not.toContain('ERR_ACCESS_DENIED');
});
