import { expect, onTestFinished, test } from 'vitest';
import { FaultStage, operator, startFragileRedis } from '../support/fault-stage.ts';
import { newUser } from '../support/tokens.ts';

const EVENTS = 5_000;
const BATCH = 10;
const WORKERS = 8;
const KILL_EVERY_MS = 100;

test('G3: every subscriber link is killed every 100 ms, and all of 5,000 events reach every client in order', async () => {
  const redis = await startFragileRedis();
  const stage = await FaultStage.start({
    redisUrl: redis.url,
    servers: ['node', 'node', 'deno'],
    env: { WS_MAX_REPLAY_MESSAGES: String(EVENTS) },
  });
  const users = [newUser(), newUser()];
  const clients = await Promise.all(users.flatMap((user) => [0, 1, 2].map((at) => stage.client(user, at))));

  const killing = killSubscribers(redis.url);
  await publishAll(stage, users);
  const kills = await killing();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(users.map((user) => stage.ledger.acceptedOf(user).length)).toEqual([EVENTS / 2, EVENTS / 2]);
  // Nothing had to be given up: every gap was filled from the log, and no client noticed.
  expect(clients.flatMap(({ account }) => stage.ledger.namedTo(account))).toEqual([]);
  expect(clients.map(({ connects, resyncs }) => [connects, resyncs])).toEqual(clients.map(() => [1, 0]));
  expect(kills).toBeGreaterThan(20);
  await stage.untilReady();
});

/** Kills until what it gives is called; that tells how many links were killed. */
function killSubscribers(url: string): () => Promise<number> {
  const redis = operator(url);
  const kills: Promise<unknown>[] = [];
  const tick = setInterval(() => kills.push(redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')), KILL_EVERY_MS);
  onTestFinished(() => clearInterval(tick));
  return async () => {
    clearInterval(tick);
    return (await Promise.all(kills)).reduce<number>((sum, killed) => sum + Number(killed), 0);
  };
}

/** Half of the events one by one, half in batches, by several workers at a time. */
async function publishAll({ publisher, random }: FaultStage, users: readonly string[]): Promise<void> {
  const jobs = users.flatMap((user) => {
    const half = EVENTS / users.length / 2;
    const singles = Array.from({ length: half }, () => () => publisher.publish(user));
    const batches = Array.from({ length: half / BATCH }, () => () => publisher.batch(user, BATCH));
    return [...singles, ...batches].map((run) => ({ run, place: random() }));
  });
  jobs.sort((one, other) => one.place - other.place);
  const work = async () => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) await job.run();
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}
