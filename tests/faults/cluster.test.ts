import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { moveSlotOf } from '../support/cluster-slots.ts';
import { eventually, FaultStage } from '../support/fault-stage.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { newUser } from '../support/tokens.ts';

const EVENTS_A_SECOND = 100;
/** Enough for every master to have some. */
const USERS = 9;

test('G3, G4: a master is killed and its replica takes over: what was accepted is delivered or named', async () => {
  const { cluster, stage, users, clients } = await stageOnCluster({ replicated: true });
  const accepted = () => users.map((user) => stage.ledger.acceptedOf(user).length);
  const stop = stage.publisher.keepOn(users, EVENTS_A_SECOND);
  await eventually('some events of every user are accepted', () => accepted().every((count) => count > 20));

  await cluster.masters[0]?.kill('SIGKILL');
  const before = accepted();
  await eventually(
    'events of every user are accepted again',
    () => accepted().every((n, at) => n > (before[at] ?? 0) + 20),
    {
      withinMs: 20_000,
    },
  );
  await stop();
  await stage.settle(15_000);

  expect(stage.ledger.faults()).toEqual([]);
  const refused = stage.publisher.attempts.filter(({ status }) => status !== 202);
  expect(refused.filter(({ status, retryAfter }) => status !== 503 || !retryAfter)).toEqual([]);
  expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(2_000);
  expect(clients.every(({ connects }) => connects === 1)).toBe(true);
  expect(clients.some(({ resyncs }) => resyncs > 0)).toBe(true);
});

test('G3: slots move to another master while events are published: nothing is lost', async () => {
  const { cluster, stage, users } = await stageOnCluster({ replicated: false });
  const accepted = () => users.map((user) => stage.ledger.acceptedOf(user).length);
  const stop = stage.publisher.keepOn(users, EVENTS_A_SECOND);
  await eventually('some events of every user are accepted', () => accepted().every((count) => count > 10));

  for (const user of users.slice(0, 3)) await moveSlotOf(user, cluster);
  const before = accepted();
  await eventually('events of every user are accepted again', () =>
    accepted().every((n, at) => n > (before[at] ?? 0) + 10),
  );
  await stop();
  await stage.settle(15_000);

  expect(stage.ledger.faults()).toEqual([]);
});

test('G3: the subscriber links of all shards are killed again and again: nothing is lost', async () => {
  const { cluster, stage, users, clients } = await stageOnCluster({ replicated: false });
  const operators = cluster.masters.map(({ url }) => new Redis(url));
  onTestFinished(() => {
    for (const operator of operators) operator.disconnect();
  });
  const killing = setInterval(() => {
    for (const operator of operators) operator.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => {});
  }, 100);
  onTestFinished(() => clearInterval(killing));
  const stop = stage.publisher.keepOn(users, EVENTS_A_SECOND);
  await eventually('events are accepted', () =>
    users.every((user) => stage.ledger.acceptedOf(user).length > 30),
  );
  clearInterval(killing);
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(clients.flatMap(({ account }) => stage.ledger.namedTo(account))).toEqual([]);
});

async function stageOnCluster(options: { replicated: boolean }) {
  const cluster = await startRedisCluster(options);
  onTestFinished(() => cluster.stop());
  const stage = await FaultStage.start({ redisUrl: cluster.urls.join(','), servers: ['node', 'deno'] });
  const users = Array.from({ length: USERS }, newUser);
  const clients = await Promise.all(users.flatMap((user) => [stage.client(user, 0), stage.client(user, 1)]));
  return { cluster, stage, users, clients };
}
