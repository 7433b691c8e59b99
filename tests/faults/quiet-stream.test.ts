import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis, startRelay } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

/** Contract G4. */
const REPAIRED_WITHIN_MS = 5_000;

/** A user whose client has everything; servers reach Redis through a relay. */
async function startQuietStream() {
  const redis = await startFragileRedis();
  const relay = await startRelay(redis);
  const stage = await FaultStage.start({ redisUrl: relay.url, servers: ['node'] });
  const user = newUser();
  const client = await stage.client(user);
  await stage.publisher.publish(user);
  await stage.settle(5_000);
  return { stage, user, client, relay, redis };
}

test('G4: the last hand-over is lost, and no event follows that would show it: repaired within 5 s', async () => {
  const { stage, user, client, relay } = await startQuietStream();
  const speak = relay.silenceSubscribers();
  await stage.publisher.publish(user);
  await eventually('the hand-over is swallowed', () => relay.hasSwallowed(`ws:user:{${user}}`));
  speak();
  expect(stage.ledger.isSettled()).toBe(false);
  await stage.settle(REPAIRED_WITHIN_MS);

  expect(stage.ledger.faults()).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0, position: { sequenceId: 2 } });
});

test('G4: the subscriber link is cut around the last event: repaired within 5 s, without a word to the client', async () => {
  const { stage, user, client, redis } = await startQuietStream();
  const killed = operator(redis.url).call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await stage.publisher.publish(user);
  expect(await killed).toBe(1);
  await stage.settle(REPAIRED_WITHIN_MS);

  expect(stage.ledger.faults()).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0, position: { sequenceId: 2 } });
});
