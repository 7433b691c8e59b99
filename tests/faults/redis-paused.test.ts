import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Relay } from '../support/fault-relay.ts';
import { eventually, FaultStage, operator } from '../support/fault-stage.ts';
import { startRedis } from '../support/redis-server.ts';
import { newUser } from '../support/tokens.ts';

const PAUSE_MS = 10_000;
const EVENTS_A_SECOND = 5;

test('G1, G2, G3: Redis stands still for 10 s: publishes are refused within 2 s, and none of them is doubled', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const relay = await Relay.start(redis.port);
  onTestFinished(() => relay.stop());
  const stage = await FaultStage.start({
    redisUrl: relay.url,
    servers: ['node', 'deno'],
    env: { WS_HEARTBEAT_INTERVAL: '1s', WS_HEARTBEAT_TIMEOUT: '500ms' },
  });
  const user = newUser();
  const clients = [await stage.client(user, 0), await stage.client(user, 1)];
  const { attempts } = stage.publisher;
  const accepted = () => stage.ledger.acceptedOf(user).length;
  const stop = stage.publisher.keepOn([user], EVENTS_A_SECOND);
  await eventually('some events are accepted', () => accepted() > 10);

  // It stops with an event on its way to it, which it takes once it goes on, when nobody waits for the answer any more.
  await new Promise<void>((resolve) => {
    relay.onceSent(`ws:published:{${user}}`, () => void redis.kill('SIGSTOP').then(resolve));
  });
  // The length of the fault itself, not a wait for something to come true.
  await pause(PAUSE_MS);
  for (const at of [0, 1]) expect((await stage.readiness(at)).status).toBe(503);
  const pings = clients.map((client) => client.pings);
  await redis.kill('SIGCONT');
  const before = accepted();
  await stage.untilReady();
  await eventually('events are accepted again', () => accepted() > before + 10);
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(Math.min(...pings)).toBeGreaterThan(4);
  expect(clients.map(({ connects, resyncs }) => [connects, resyncs])).toEqual([
    [1, 0],
    [1, 0],
  ]);
  const refused = attempts.filter(({ status }) => status !== 202);
  expect(refused.filter(({ status, retryAfter }) => status !== 503 || !retryAfter)).toEqual([]);
  expect(refused.length).toBeGreaterThan(30);
  expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(2_000);
  expect(stage.publisher.duplicates).toBeGreaterThan(0);
  // As many in the stream as were accepted: what was sent again, and had been taken before, was known.
  expect(await operator(redis.url).xlen(`ws:replay:agent_status:{${user}}`)).toBe(accepted());
});
