import { expect, onTestFinished, test } from 'vitest';
import { Relay } from '../support/fault-relay.ts';
import { eventually, FaultStage } from '../support/fault-stage.ts';
import { startRedis } from '../support/redis-server.ts';
import { newUser } from '../support/tokens.ts';

test('G3, G4: the subscriber link goes silent without closing: noticed, not ready meanwhile, replaced, nothing lost', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const relay = await Relay.start(redis.port);
  onTestFinished(() => relay.stop());
  const stage = await FaultStage.start({ redisUrl: relay.url, servers: ['node'] });
  const user = newUser();
  const client = await stage.client(user);
  await stage.publisher.publish(user);
  await stage.settle(5_000);

  relay.silenceSubscribers();
  await stage.publisher.publish(user);
  // Repaired from the log, be the link replaced by then or not.
  await stage.settle(5_000);
  await eventually('the server is not ready', async () => (await stage.readiness()).status === 503, {
    withinMs: 6_000,
  });
  await stage.untilReady(6_000);

  // The new link carries: what is published now comes at once, long before streams are compared again.
  for (let count = 0; count < 5; count++) {
    await stage.publisher.publish(user);
    await stage.settle(500);
  }
  expect(stage.ledger.faults()).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0 });
  expect(relay.subscribers).toBe(1);
});
