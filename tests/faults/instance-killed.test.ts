import { expect, test } from 'vitest';
import { eventually, FaultStage, startFragileRedis } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

test('G3: an instance is killed, its clients go on at another one: nothing is lost, nothing comes twice', async () => {
  const redis = await startFragileRedis();
  const stage = await FaultStage.start({ redisUrl: redis.url, servers: ['node', 'deno'] });
  const users = [newUser(), newUser(), newUser()];
  const moving = await Promise.all(users.flatMap((user) => [stage.client(user, 0), stage.client(user, 0)]));
  const staying = await Promise.all(users.map((user) => stage.client(user, 1)));
  const accepted = () => Math.min(...users.map((user) => stage.ledger.acceptedOf(user).length));
  const stop = stage.publisher.keepOn(users, 50);
  await eventually('some events are accepted', () => accepted() > 100);

  const [first] = stage.servers;
  first?.signal('SIGKILL');
  await first?.exited;
  const before = accepted();
  await eventually('clients go on at the other instance', () =>
    moving.every(({ connects }) => connects === 2),
  );
  await eventually('more events are accepted', () => accepted() > before + 100);
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  const all = [...moving, ...staying];
  expect(all.flatMap(({ account }) => stage.ledger.namedTo(account))).toEqual([]);
  expect(staying.map(({ connects }) => connects)).toEqual([1, 1, 1]);
});
