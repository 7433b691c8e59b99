import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createPublisher, type PublisherOptions } from '../../src/client/index.ts';
import { DashboardClient } from '../support/dashboard-client.ts';
import { Relay } from '../support/fault-relay.ts';
import { eventually, startFragileRedis } from '../support/fault-stage.ts';
import { startOwned } from '../support/owned-process.ts';
import {
  type ServerOptions,
  startServer,
  TEST_SERVICE_KEY,
  TEST_SERVICE_NAME,
} from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';

async function start(options: Partial<ServerOptions> = {}) {
  const server = await startServer({ runtime: 'node', ...options });
  onTestFinished(() => server.stop());
  const relay = await Relay.start(Number(new URL(server.url).port));
  onTestFinished(() => relay.stop());
  return { server, relay };
}

const publisherTo = (url: string, options: Partial<PublisherOptions> = {}) =>
  createPublisher({ url, service: TEST_SERVICE_NAME, key: TEST_SERVICE_KEY, ...options });

const event = (user: string, n: number) =>
  numberedEvent(user, n) as Parameters<ReturnType<typeof publisherTo>['publish']>[0];

/** The numbers of all events of a user, as a dashboard gets them. */
async function replayed(wsUrl: string, user: string): Promise<unknown[]> {
  const client = await DashboardClient.connect(`${wsUrl}/ws/agents?token=${await tokenFor(user)}`);
  await client.next('REPLAY_END');
  client.close();
  return client.events.map(({ payload }) => payload.n);
}

test('a worker publishes through cut links and a Redis that stands still: each event once, in order', async () => {
  const redis = await startFragileRedis();
  const { server, relay } = await start({ redisUrl: redis.url });
  const user = newUser();
  const publisher = publisherTo(`http://127.0.0.1:${relay.port}`);
  const answers: Promise<{ sequence_id: number | null }>[] = [];
  const tick = setInterval(() => answers.push(publisher.publish(event(user, answers.length))), 5);
  onTestFinished(() => clearInterval(tick));
  const port = Number(new URL(server.url).port);
  for (let cuts = 1; cuts <= 5; cuts++) {
    await eventually('more was published', () => answers.length > cuts * 20);
    relay.switchTo(port);
  }
  await redis.kill('SIGSTOP');
  await eventually('the server refuses', async () => (await fetch(`${server.url}/readyz`)).status === 503);
  await redis.kill('SIGCONT');
  clearInterval(tick);
  await publisher.close();

  const sequenceIds = (await Promise.all(answers)).map(({ sequence_id }) => sequence_id);
  expect(sequenceIds).toEqual(answers.map((_, index) => index + 1));
  expect(await replayed(server.wsUrl, user)).toEqual(answers.map((_, index) => index));
});

test('one wrong event among others is refused with its faults; a wrong key is told', async () => {
  const { server } = await start();
  const user = newUser();
  const publisher = publisherTo(server.url);
  const good = [publisher.publish(event(user, 0)), publisher.publish(event(user, 1))];
  const wrong = publisher.publish({ ...event(user, 2), agent_id: 'a b' });
  await expect(wrong).rejects.toMatchObject({ code: 'invalid', status: 400, faults: [{ path: 'agent_id' }] });
  expect((await Promise.all(good)).map(({ sequence_id }) => sequence_id)).toEqual([1, 2]);

  const stranger = publisherTo(server.url, { key: `whsec_${Buffer.alloc(24).toString('base64')}` });
  await expect(stranger.publish(event(user, 3))).rejects.toMatchObject({ code: 'refused', status: 401 });
  expect(await replayed(server.wsUrl, user)).toEqual([0, 1]);
});

test('on Deno, with no permission but the network: publishes, follows, and goes on after a cut', async () => {
  const { server, relay } = await start();
  const user = newUser();
  const EVENTS = 50;
  const options = JSON.stringify({
    url: `ws://127.0.0.1:${relay.port}`,
    publishTo: server.url,
    token: await tokenFor(user),
    user,
    service: TEST_SERVICE_NAME,
    key: TEST_SERVICE_KEY,
    events: EVENTS,
  });
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const deno = (
    createRequire(import.meta.url)('deno/install_api.cjs') as { runInstall(): string }
  ).runInstall();
  const args = ['run', '--no-prompt', '--allow-net=127.0.0.1', 'tests/support/deno-dashboard.ts', options];
  const running = await startOwned(deno, args, { cwd: root });
  onTestFinished(() => running.end());
  await running.line((line) => line === 'event 5', 20_000);
  relay.switchTo(Number(new URL(server.url).port));
  const last = await running.line((line) => line.startsWith('ended '), 20_000);

  expect(await running.exited).toEqual({ code: 0, signal: null });
  const given = running.lines().filter((line) => line.startsWith('event '));
  expect(given).toEqual(Array.from({ length: EVENTS }, (_, index) => `event ${index + 1}`));
  expect(last).toMatch(/^ended null \{"received":50,.*"reconnects":1,/);
});
