import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { DashboardClient } from '../support/dashboard-client.ts';
import { startRedis } from '../support/redis-server.ts';
import { startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

const RUNBOOK = fileURLToPath(new URL('../../docs/runbook.md', import.meta.url));

test('the rights that the runbook gives to a user of Redis are enough', async () => {
  const rights = readFileSync(RUNBOOK, 'utf8').match(/^\| rights of its user \| `([^`]+)`/m)?.[1] ?? '';
  expect(rights).toContain('-@dangerous');
  const store = await startRedis();
  const operator = new Redis(store.url);
  onTestFinished(async () => {
    operator.disconnect();
    await store.stop();
  });
  await operator.call('ACL', 'SETUSER', 'agentcast', 'on', '>pass', ...rights.split(' '));
  const redisUrl = store.url.replace('redis://', 'redis://agentcast:pass@');
  const server = await startServer({ runtime: 'node', redisUrl, env: { WS_DRAIN_TIMEOUT: '1s' } });
  onTestFinished(() => server.stop());

  const user = newUser();
  const url = `${server.wsUrl}/ws/agents?token=${await tokenFor(user)}`;
  const client = await DashboardClient.connect(url);
  await client.next('CONNECTED');
  const worker = new Worker(server.url);
  const { sequence_id } = await worker.accepted(numberedEvent(user, 1));
  await client.until((frame) => frame.sequence_id === sequence_id);
  const { status } = await worker.send('/api/v1/internal/ws/instances', null, { method: 'GET' });
  expect(status).toBe(200);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  server.signal('SIGTERM');
  await client.closed();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(await operator.call('ACL', 'LOG'), 'what Redis refused').toEqual([]);
  expect(server.logs().filter(({ level }) => level !== 'info')).toEqual([]);
});
