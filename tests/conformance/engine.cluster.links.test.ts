import calculateSlot from 'cluster-key-slot';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createCommandCluster } from '../../src/adapters/redis/client.ts';
import { ShardLinks } from '../../src/adapters/redis/shard-links.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { moveSlotOf } from '../support/cluster-slots.ts';
import { append, eventually, freshUser, Recorder } from '../support/engine-events.ts';
import { cannotOwnRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { recordingLog } from '../support/test-instance.ts';

/** Within this time slots are asked for, and channels follow them, several times over, in ms. */
const SETTLED_MS = 3_000;
const quiet = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A user whose keys share a slot with those of another. */
function neighbourOf(user: string): string {
  const slot = calculateSlot(`{${user}}`);
  for (let number = 0; ; number++) {
    const one = `${user}-${number}`;
    if (calculateSlot(`{${one}}`) === slot) return one;
  }
}

describe.skipIf(cannotOwnRedis)('the links to a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 30_000);
  afterAll(() => cluster.stop());

  test('a slot that leaves and is back before anybody looks leaves no user unheard', async () => {
    const engine = await connected(redisEngine(cluster.urls));
    onTestFinished(() => engine.close());
    const recorder = new Recorder(engine);
    const user = freshUser();
    await engine.handover.subscribe(user);
    const home = await moveSlotOf(user, cluster);
    await moveSlotOf(user, cluster, home);
    await eventually(async () => {
      await append(engine, user);
      await quiet(50);
      expect(recorder.of(user).length).toBeGreaterThan(0);
    }, SETTLED_MS);
  });

  test('one slot that has moved takes no other of its range along', async () => {
    const log = recordingLog();
    const commands = createCommandCluster(cluster.urls, log);
    const listener = { heard: () => {}, interrupted: () => {} };
    const links = new ShardLinks({ cluster: commands, listener, clock: systemClock, log });
    onTestFinished(async () => {
      commands.disconnect();
      await links.close();
    });
    await eventually(() => expect(links.isLive).toBe(true));
    const channel = `ws:user:{${freshUser()}}`;
    const range = commands.slots[calculateSlot(channel)] ?? [];
    const others = commands.slots.flatMap(([master]) => (master === range[0] ? [] : (master ?? [])));
    // As the client does where a command is answered with MOVED, for the range of the slot as a whole.
    range[0] = others[0] ?? '';
    await links.subscribe(channel);
  });

  test('names of nodes stay names: a certificate is for a name', async () => {
    const names = ['one.node.invalid', 'other.node.invalid'];
    const commands = createCommandCluster(
      names.map((name) => `rediss://${name}`),
      recordingLog(),
    );
    onTestFinished(() => commands.disconnect());
    await eventually(() => expect(commands.nodes().map(({ options }) => options.host)).toEqual(names));
  });

  test('events of one slot that come in one turn are taken together, and follow it where it has moved', async () => {
    const engine = await connected(redisEngine(cluster.urls));
    onTestFinished(() => engine.close());
    const user = freshUser();
    const neighbour = neighbourOf(user);
    const appendAll = (users: readonly string[]) => Promise.all(users.map((one) => append(engine, one)));
    const crowd = [user, neighbour, freshUser(), user, freshUser(), neighbour, freshUser()];
    expect((await appendAll(crowd)).map(({ sequenceId }) => sequenceId)).toEqual([1, 1, 1, 2, 1, 2, 1]);
    await moveSlotOf(user, cluster);
    const [first, second, third] = await appendAll([user, neighbour, user]);
    expect(third?.sequenceId).toBe(Number(first?.sequenceId) + 1);
    expect([first, second].map((one) => Number(one?.sequenceId) > 2)).toEqual([true, true]);
  });

  test('an engine can be closed when it was just made', async () => {
    await redisEngine(cluster.urls).close();
  });
});
