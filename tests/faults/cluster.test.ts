import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { rawCluster } from '../support/engine-redis.ts';
import { eventually, FaultStage } from '../support/fault-stage.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
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

/** Moves the slot of a user's keys to the next master, as resharding does. */
async function moveSlotOf(user: string, cluster: RedisCluster): Promise<void> {
  const redis = rawCluster(cluster.urls);
  onTestFinished(() => redis.disconnect());
  const slot = Number(await redis.cluster('KEYSLOT', `{${user}}`));
  const owners = await Promise.all(cluster.masters.map((master) => ownsSlot(master.url, slot)));
  const from = owners.indexOf(true);
  const to = (from + 1) % cluster.masters.length;
  const [source, target] = [from, to].map((at) => new Redis(cluster.masters[at]?.url ?? ''));
  if (source === undefined || target === undefined) throw new Error('there is no such master');
  const [sourceId, targetId] = await Promise.all([source.cluster('MYID'), target.cluster('MYID')]);
  await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
  await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
  for (let keys = await source.cluster('GETKEYSINSLOT', slot, 100); keys.length > 0; ) {
    await source.migrate('127.0.0.1', cluster.masters[to]?.port ?? 0, '', 0, 5_000, 'KEYS', ...keys);
    keys = await source.cluster('GETKEYSINSLOT', slot, 100);
  }
  await target.cluster('SETSLOT', slot, 'NODE', targetId);
  await source.cluster('SETSLOT', slot, 'NODE', targetId);
  source.disconnect();
  target.disconnect();
}

async function ownsSlot(url: string, slot: number): Promise<boolean> {
  const redis = new Redis(url);
  const id = await redis.cluster('MYID');
  const ranges = await redis.cluster('SLOTS');
  redis.disconnect();
  return ranges.some(([start, end, master]) => start <= slot && slot <= end && master?.[2] === id);
}
