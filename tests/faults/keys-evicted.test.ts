import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

/** A server, a live client, and one that left after 10 of 20 events. */
async function startScene() {
  const redis = await startFragileRedis();
  const stage = await FaultStage.start({ redisUrl: redis.url, servers: ['node'] });
  const user = newUser();
  const [live, away] = [await stage.client(user), await stage.client(user)];
  for (let count = 0; count < 10; count++) await stage.publisher.publish(user);
  await stage.settle(5_000);
  await away.leave();
  for (let count = 0; count < 10; count++) await stage.publisher.publish(user);
  const publishMore = async () => {
    for (let count = 0; count < 10; count++) await stage.publisher.publish(user);
  };
  return {
    stage,
    user,
    live,
    away,
    publishMore,
    redis: operator(redis.url),
    url: stage.servers[0]?.url ?? '',
  };
}

test('G4: the stream is evicted: live clients go on unaware, who comes back is told what is gone', async () => {
  const { stage, user, live, away, publishMore, redis } = await startScene();
  await eventually('the live client has everything', () => live.position?.sequenceId === 20);
  expect(await redis.del(`ws:replay:agent_status:{${user}}`)).toBe(1);
  await publishMore();
  away.start();
  await stage.settle(5_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(live).toMatchObject({ connects: 1, resyncs: 0, position: { sequenceId: 30 } });
  expect(stage.ledger.namedTo(live.account)).toEqual([]);
  expect(placesOf(stage.ledger.namedTo(away.account))).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
});

test('G4: the stream is evicted, and nothing more is published: who comes back is told all the same', async () => {
  const { stage, user, away, redis } = await startScene();
  await redis.del(`ws:replay:agent_status:{${user}}`);
  away.start();
  await eventually('the client is told', () => stage.ledger.namedTo(away.account).length === 10);
  await stage.settle(5_000);
  expect(stage.ledger.faults()).toEqual([]);
});

test('G4: the end of the stream is evicted: a new epoch takes over beyond it, and all that is left is delivered', async () => {
  const { stage, user, live, away, publishMore, redis } = await startScene();
  expect(await redis.del(`ws:replay:meta:{${user}}`)).toBe(1);
  // Noticed without any event.
  await eventually('the live client is told', () => live.resyncs === 1, { withinMs: 5_000 });
  await publishMore();
  away.start();
  await stage.settle(5_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(live).toMatchObject({ connects: 1, resyncs: 1 });
  // No event was in fact lost, so each was delivered.
  expect(stage.ledger.namedTo(away.account)).toEqual([]);
  const epochs = new Set(stage.ledger.acceptedOf(user).map(({ epoch }) => epoch));
  expect(epochs.size).toBe(2);
});

test('the answer to a publish is evicted: sent again, it is a new event, and nothing else is harmed', async () => {
  const { stage, user, live, away, url, publishMore, redis } = await startScene();
  const worker = new Worker(url);
  const send = () => worker.accepted(numberedEvent(user, 1_000), { id: 'evicted' });
  const first = await send();
  expect(await send()).toEqual({ ...first, duplicate: true });
  const [result, ...others] = await redis.keys(`ws:published:{${user}}:*:evicted`);
  expect(others).toEqual([]);
  expect(await redis.del(result ?? '')).toBe(1);
  expect(await send()).toEqual({ epoch: first.epoch, sequence_id: Number(first.sequence_id) + 1 });
  await publishMore();
  away.start();
  await stage.settle(5_000);

  // The ledger sees the double at both clients, and nothing else.
  expect(live.position?.sequenceId).toBe(32);
  expect(stage.ledger.faults()).toEqual([
    expect.stringContaining('event 1000 came twice, as 21 and as 22'),
    expect.stringContaining('event 1000 came twice, as 21 and as 22'),
  ]);
});

const placesOf = (events: readonly { sequenceId: number }[]): number[] =>
  events.map(({ sequenceId }) => sequenceId);
