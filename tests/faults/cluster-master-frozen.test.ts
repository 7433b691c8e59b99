import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { FaultStage } from '../support/fault-stage.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

/** Longer than a silent link is waited for, which is when the client begins again on another one, in ms. */
const FROZEN_MS = 5_000;
const ASKED_EVERY_MS = 50;

test('G1: one master stands still: upgrades are answered within 2 s, and the users of the others go on', async () => {
  const { cluster, stage, client, user } = await startScene();
  await cluster.masters[0]?.kill('SIGSTOP');
  const stop = stage.publisher.keepOn([user], 20);
  const answers = await askFor(FROZEN_MS, stage.servers[0]?.url ?? '');
  expect(stage.ledger.acceptedOf(user).length).toBeGreaterThan(5);
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(2_000);
  const statuses = answers.map(({ status }) => status);
  expect([...new Set(statuses)].sort()).toEqual([426, 503]);

  await cluster.masters[0]?.kill('SIGCONT');
  await stop();
  await stage.untilReady();
  await stage.settle(5_000);
  expect(stage.ledger.faults()).toEqual([]);
  expect(stage.publisher.wrongRefusals).toEqual([]);
  expect(client).toMatchObject({ connects: 1, resyncs: 0 });
});

/** A cluster that goes on without one master, and a client of a user of another. */
async function startScene() {
  const cluster = await startRedisCluster();
  onTestFinished(() => cluster.stop());
  for (const { url } of cluster.masters) {
    const redis = new Redis(url);
    await redis.config('SET', 'cluster-require-full-coverage', 'no');
    redis.disconnect();
  }
  const stage = await FaultStage.start({ redisUrl: cluster.urls.join(','), servers: ['node'] });
  const owner = new Redis(cluster.masters[1]?.url ?? '');
  onTestFinished(() => owner.disconnect());
  let user = newUser();
  while (!isOfSecond(Number(await owner.cluster('KEYSLOT', `{${user}}`)))) user = newUser();
  return { cluster, stage, user, client: await stage.client(user) };
}

const isOfSecond = (slot: number) => Math.floor((slot * 3) / 16_384) === 1;

/** Asks for an upgrade of a new user again and again; curl is told the same as a browser. */
async function askFor(milliseconds: number, url: string): Promise<{ status: number; ms: number }[]> {
  const answers: Promise<{ status: number; ms: number }>[] = [];
  const ask = async () => {
    const token = await tokenFor(newUser());
    const start = performance.now();
    const { status } = await fetch(`${url}/ws/agents?token=${token}`);
    return { status, ms: performance.now() - start };
  };
  const asking = setInterval(() => answers.push(ask()), ASKED_EVERY_MS);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  clearInterval(asking);
  return Promise.all(answers);
}
