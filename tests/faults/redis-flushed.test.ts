import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

test('G4: Redis is flushed: a new epoch, live clients are told at once, those who come back later too', async () => {
  const redis = await startFragileRedis();
  const stage = await FaultStage.start({ redisUrl: redis.url, servers: ['node', 'node'] });
  const [busy, quiet] = [newUser(), newUser()];
  const live = await Promise.all([busy, busy, quiet].map((user, at) => stage.client(user, at % 2)));
  const away = await Promise.all([busy, quiet].map((user) => stage.client(user)));
  const accepted = () => stage.ledger.acceptedOf(busy).length;
  await stage.publisher.publish(quiet);
  const stop = stage.publisher.keepOn([busy], 60);
  await eventually('some events are accepted', () => accepted() > 30);
  await Promise.all(away.map((client) => client.leave()));
  await stage.publisher.publish(quiet);
  await eventually('more events are accepted', () => accepted() > 90);

  await operator(redis.url).flushall();
  // The quiet stream is found out without any event.
  await eventually('every live client is told', () => live.every(({ resyncs }) => resyncs > 0), {
    withinMs: 5_000,
  });
  const before = accepted();
  await eventually('later events are accepted', () => accepted() > before + 60);
  for (const client of away) client.start();
  await stop();
  await stage.publisher.publish(quiet);
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(epochsOf(stage, busy)).toBe(2);
  expect(epochsOf(stage, quiet)).toBe(2);
  expect(live.map(({ connects, resyncs }) => [connects, resyncs])).toEqual(live.map(() => [1, 1]));
  // Who was away is told of what it missed for good: the flush took it.
  expect(away.every(({ account }) => stage.ledger.namedTo(account).length > 0)).toBe(true);
  await stage.untilReady();
});

const epochsOf = ({ ledger }: FaultStage, user: string): number =>
  new Set(ledger.acceptedOf(user).map(({ epoch }) => epoch)).size;
