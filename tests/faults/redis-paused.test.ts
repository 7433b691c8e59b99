import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis, startRelay } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

const PAUSE_MS = 10_000;
const EVENTS_A_SECOND = 5;

test('G1, G2, G3: Redis stands still for 10 s: publishes are refused within 2 s, and none of them is doubled', async () => {
  const { stage, user, clients, stopRedis, startRedis, streamLength } = await startScene();
  const accepted = () => stage.ledger.acceptedOf(user).length;
  const stop = stage.publisher.keepOn([user], EVENTS_A_SECOND);
  await eventually('some events are accepted', () => accepted() > 10);
  await stopRedis();
  // The length of the fault itself, not a wait for something to come true.
  await pause(PAUSE_MS);
  for (const at of stage.servers.keys()) expect(await stage.isReady(at)).toBe(false);
  expect(Math.min(...clients.map(({ pings }) => pings))).toBeGreaterThan(4);

  await startRedis();
  const before = accepted();
  await stage.untilReady();
  await eventually('events are accepted again', () => accepted() > before + 10);
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  for (const client of clients) expect(client).toMatchObject({ connects: 1, resyncs: 0 });
  expect(stage.publisher.refused.length).toBeGreaterThan(30);
  expect(stage.publisher.wrongRefusals).toEqual([]);
  // As many in the stream as were accepted: what was sent again, and had been taken late, was known.
  expect(stage.publisher.duplicates).toBeGreaterThan(0);
  expect(await streamLength()).toBe(accepted());
});

async function startScene() {
  const redis = await startFragileRedis();
  const relay = await startRelay(redis);
  const stage = await FaultStage.start({
    redisUrl: relay.url,
    servers: ['node', 'deno'],
    env: { WS_HEARTBEAT_INTERVAL: '1s', WS_HEARTBEAT_TIMEOUT: '500ms' },
  });
  const user = newUser();
  const clients = [await stage.client(user, 0), await stage.client(user, 1)];
  return {
    stage,
    user,
    clients,
    /** With an event on its way, which Redis takes once it goes on, when nobody waits for the answer any more. */
    stopRedis: () =>
      new Promise<void>((resolve) => {
        relay.onceSent(`ws:published:{${user}}`, () => void redis.kill('SIGSTOP').then(resolve));
      }),
    startRedis: () => redis.kill('SIGCONT'),
    streamLength: () => operator(redis.url).xlen(`ws:replay:agent_status:{${user}}`),
  };
}
