import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis, startRelay } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

/** A server that reaches Redis through a relay, and a live client that has the one event there is. */
async function startScene() {
  const redis = await startFragileRedis();
  const relay = await startRelay(redis);
  const stage = await FaultStage.start({ redisUrl: relay.url, servers: ['node'] });
  const user = newUser();
  const client = await stage.client(user);
  await stage.publisher.publish(user);
  await stage.settle(5_000);
  return { stage, user, client, relay, redis: operator(redis.url) };
}

test('G3, G4: the subscriber link goes silent without closing: noticed, not ready meanwhile, replaced, nothing lost', async () => {
  const { stage, user, client, relay } = await startScene();
  relay.silenceSubscribers();
  await stage.publisher.publish(user);
  await eventually('the server is not ready', async () => !(await stage.isReady()), {
    withinMs: 6_000,
  });
  await stage.settle(5_000);
  await stage.untilReady(6_000);
  expect(relay.subscribers).toBe(1);

  // The new link carries: what is published now comes long before streams are compared again.
  for (let count = 0; count < 5; count++) {
    await stage.publisher.publish(user);
    await stage.settle(500);
  }
  expect(stage.ledger.faults()).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0 });
});

test('G1: the command link goes silent behind an event that Redis took: refused, sent again, not doubled', async () => {
  const { stage, user, client, relay, redis } = await startScene();
  const since = stage.publisher.attempts.length;
  relay.onceSent(`ws:published:{${user}}`, (silence) => silence());
  const { sequenceId } = await stage.publisher.publish(user);
  const attempts = stage.publisher.attempts.slice(since);
  await stage.publisher.publish(user);
  await stage.settle(5_000);

  expect(sequenceId).toBe(2);
  expect(stage.publisher.duplicates).toBe(1);
  expect(attempts.map(({ status }) => status)).toEqual([...attempts.slice(1).map(() => 503), 202]);
  expect(stage.publisher.wrongRefusals).toEqual([]);
  expect(stage.ledger.faults()).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0 });
  expect(await redis.xlen(`ws:replay:agent_status:{${user}}`)).toBe(3);
});
