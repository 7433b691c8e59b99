import { expect, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis, startRelay } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

test('G4: a replica that lagged is promoted while events are published: no place twice, and what was lost is named', async () => {
  const { front, cutReplica, failOver } = await startPair();
  const stage = await FaultStage.start({ redisUrl: front.url, servers: ['node', 'deno'] });
  const user = newUser();
  const live = [await stage.client(user, 0), await stage.client(user, 1)];
  const away = [await stage.client(user, 0), await stage.client(user, 1)] as const;
  const accepted = () => stage.ledger.acceptedOf(user).length;
  const stop = stage.publisher.keepOn([user], 60);
  await eventually('some events are accepted', () => accepted() > 60);
  await away[0].leave();
  await eventually('more events are accepted', () => accepted() > 120);

  await cutReplica();
  const lastReplicated = accepted();
  await eventually('events are accepted that the replica misses', () => accepted() > lastReplicated + 60);
  await away[1].leave();
  await eventually('still more are', () => accepted() > lastReplicated + 120);
  await failOver();
  const before = accepted();
  await eventually('events are accepted by the promoted replica', () => accepted() > before + 60);
  for (const client of away) client.start();
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  const epochs = [...new Set(stage.ledger.acceptedOf(user).map(({ epoch }) => epoch))];
  expect(epochs).toHaveLength(2);
  expect(live.map(({ connects }) => connects)).toEqual([1, 1]);
  // One was away before the replica was cut off, one went after: both missed events that are lost, and are told so.
  for (const { account } of away) {
    const named = stage.ledger.namedTo(account);
    expect(named.length).toBeGreaterThan(30);
    expect(named.every(({ epoch }) => epoch === epochs[0])).toBe(true);
  }
  await stage.untilReady();
});

/** A primary and its replica, each behind a relay: one that the servers use, one that the replica follows through. */
async function startPair() {
  const primary = await startFragileRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startFragileRedis();
  const [front, replication] = [await startRelay(primary), await startRelay(primary)];
  const atReplica = operator(replica.url);
  await atReplica.replicaof('127.0.0.1', replication.port);
  await eventually('the replica follows', async () =>
    (await atReplica.info('replication')).includes('master_link_status:up'),
  );
  return {
    front,
    cutReplica: async () => {
      replication.switchTo(null);
      await eventually('the replica is cut off', async () =>
        (await atReplica.info('replication')).includes('master_link_status:down'),
      );
    },
    failOver: async () => {
      await primary.kill('SIGKILL');
      // Servers find the replica before it is promoted, as they may with a name that moves.
      front.switchTo(replica.port);
      await eventually('a server has found the replica', () => front.subscribers > 0);
      await atReplica.replicaof('NO', 'ONE');
    },
  };
}
