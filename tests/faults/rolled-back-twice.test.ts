import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FaultStage, startFragileRedis } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

const EVENTS = 10;

test('G4: Redis comes back from the same copy twice: the epoch in between, lost whole, is named too', async () => {
  const { redis, saveCopy, putCopyBack } = await startCopiedRedis();
  const stage = await FaultStage.start({ redisUrl: redis.url, servers: ['node'] });
  const user = newUser();
  await stage.client(user);
  const away = await stage.client(user);
  const publish = async () => {
    for (let count = 0; count < EVENTS; count++) await stage.publisher.publish(user);
  };
  const restart = async (meanwhile: () => void) => {
    await redis.kill('SIGKILL');
    meanwhile();
    await redis.restart();
    await stage.untilReady();
  };
  await publish();
  await stage.settle(5_000);
  await away.leave();

  await restart(saveCopy);
  await publish();
  await restart(putCopyBack);
  await publish();
  away.start();
  await stage.settle(5_000);

  expect(stage.ledger.faults()).toEqual([]);
  const epochs = [...new Set(stage.ledger.acceptedOf(user).map(({ epoch }) => epoch))];
  expect(epochs).toHaveLength(3);
  const named = stage.ledger.namedTo(away.account);
  expect(named.map(({ epoch }) => epoch)).toEqual(Array(EVENTS).fill(epochs[1]));
});

/** A Redis that loses nothing, unless its files are put back to what they were. */
async function startCopiedRedis() {
  const dir = mkdtempSync(join(tmpdir(), 'agentcast-aof-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const redis = await startFragileRedis({ dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const [files, copy] = [join(dir, 'appendonlydir'), join(dir, 'copy')];
  return {
    redis,
    saveCopy: () => cpSync(files, copy, { recursive: true }),
    putCopyBack: () => {
      rmSync(files, { recursive: true });
      cpSync(copy, files, { recursive: true });
    },
  };
}
