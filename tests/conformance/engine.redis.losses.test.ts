import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EPOCH_SKIP_PER_MS, MIN_EPOCH_SKIP } from '../../src/core/ports/engine.ts';
import {
  append,
  appendMany,
  eventually,
  freshId,
  freshKey,
  freshUser,
  jsonOf,
  loggedIds,
  newEvent,
  Recorder,
} from '../support/engine-events.ts';
import { cannotOwnRedis } from '../support/engine-redis.ts';
import { startRedisRig } from '../support/engine-rig.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

describe.skipIf(cannotOwnRedis)('when Redis loses a part of what it had', () => {
  let server: RedisServer;
  let rig: Awaited<ReturnType<typeof startRedisRig>>;
  let redis: Redis;
  let engine: Engine;
  let user: string;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    rig = await startRedisRig(server.url);
    redis = rig.redis;
    engine = await rig.engine();
    user = freshUser();
  });
  afterEach(() => rig.close());

  test('scripts that it forgot are brought again', async () => {
    await append(engine, user);
    const request = { connectionId: freshId(), userId: user, address: freshId(), reserve: true };
    const calls = [
      () => append(engine, user),
      () => engine.streams.read(user, 0),
      () => engine.streams.claim(freshKey(), 'body'),
      () => engine.registry.admit(request),
      () => engine.registry.instances(),
    ];
    for (const call of calls) {
      await redis.script('FLUSH');
      await expect(call()).resolves.toBeDefined();
    }
    expect(await loggedIds(engine, user)).toEqual([1, 2]);
  });

  test('G2: events given in one turn keep their order where it had forgotten the script', async () => {
    await redis.script('FLUSH');
    const turn = Array.from({ length: 100 }, (_, index) =>
      append(engine, user, { payload: { n: index + 1 } }),
    );
    const results = await Promise.all(turn);
    expect(results.map(({ sequenceId }) => sequenceId)).toEqual(turn.map((_, index) => index + 1));
  });

  test('scripts are loaded before anything is asked', async () => {
    await redis.script('FLUSH');
    await redis.config('RESETSTAT');
    const fresh = await rig.engine();
    await append(fresh, user);
    await fresh.streams.claim(freshKey(), 'body');
    const stats = await redis.info('commandstats');
    expect(stats).toContain('cmdstat_evalsha');
    expect(stats).not.toContain('cmdstat_eval:');
  });

  test('everything (FLUSHALL): a new epoch begins at 1, and nothing of the old one is claimed', async () => {
    const recorder = new Recorder(engine);
    await engine.handover.subscribe(user);
    const key = freshKey();
    const old = await engine.streams.append(newEvent(user), key);
    await appendMany(engine, user, 4);
    await redis.flushall();
    expect(await engine.streams.ends([user])).toEqual([null]);
    const first = await engine.streams.append(newEvent(user, { payload: { n: 'new' } }), key);
    expect(first).toMatchObject({ sequenceId: 1, duplicate: false });
    expect(first.epoch).not.toBe(old.epoch);
    const { tail, records } = await engine.streams.read(user, 0);
    expect(tail).toMatchObject({ epoch: first.epoch, sequenceId: 1, firstOfEpoch: 1, oldest: 1 });
    expect(records.map((record) => jsonOf(record).payload.n)).toEqual(['new']);
    await eventually(() => expect(recorder.of(user)).toHaveLength(6));
    expect(recorder.of(user).at(-1)?.header.position).toEqual({ epoch: first.epoch, sequenceId: 1 });
  });

  test('the end of a stream, but not its log: a new epoch begins beyond the log, which stays', async () => {
    const { epoch } = await append(engine, user);
    await appendMany(engine, user, 2);
    await redis.del(`ws:replay:meta:{${user}}`);
    const tail = await engine.streams.open(user);
    const first = tail.firstOfEpoch;
    expect(first).toBeGreaterThanOrEqual(4 + MIN_EPOCH_SKIP);
    expect(tail).toMatchObject({ sequenceId: first - 1, previous: null, oldest: 1 });
    expect(tail.epoch).not.toBe(epoch);
    expect(await append(engine, user)).toMatchObject({ epoch: tail.epoch, sequenceId: first });
    expect(await loggedIds(engine, user)).toEqual([1, 2, 3, first]);
  });

  test('the end of a stream, but not its log: the clock goes on from the last event of the log', async () => {
    await append(engine, user);
    const [log, meta] = [`ws:replay:agent_status:{${user}}`, `ws:replay:meta:{${user}}`];
    const [[, fields] = []] = await redis.xrange(log, '-', '+');
    const at = Number(fields?.[1]) - 60_000;
    await redis.del(log, meta);
    await redis.xadd(log, '7-0', 'at', at, 'event', String(fields?.[3]));
    const { sequenceId } = await engine.streams.open(user);
    const beganAt = Number(await redis.hget(meta, 'at'));
    expect(sequenceId).toBe(7 + EPOCH_SKIP_PER_MS * (beganAt - at));
  });

  test('the end of a stream whose log is empty: its ids are not given out again', async () => {
    await appendMany(engine, user, 3);
    await redis.xtrim(`ws:replay:agent_status:{${user}}`, 'MAXLEN', 0);
    await redis.del(`ws:replay:meta:{${user}}`);
    expect((await append(engine, user)).sequenceId).toBeGreaterThanOrEqual(4 + MIN_EPOCH_SKIP);
  });

  test('the log of a stream, but not its end: it goes on, and what is missing is known', async () => {
    const { epoch } = await append(engine, user);
    await appendMany(engine, user, 2);
    await redis.del(`ws:replay:agent_status:{${user}}`);
    expect(await engine.streams.open(user)).toMatchObject({ epoch, sequenceId: 3, oldest: 4, trimmedTo: 0 });
    expect(await append(engine, user)).toMatchObject({ epoch, sequenceId: 4 });
    expect(await loggedIds(engine, user)).toEqual([4]);
  });

  test('an answer: its request is a new one, and the stream goes on', async () => {
    const key = freshKey();
    const first = await engine.streams.append(newEvent(user), key);
    await redis.del(`ws:published:{${user}}:worker:0:${key.id}`);
    const again = await engine.streams.append(newEvent(user), key);
    expect(again).toEqual({ epoch: first.epoch, sequenceId: 2, duplicate: false });
  });

  test('entries in the middle of a log: what is left is read', async () => {
    await appendMany(engine, user, 6);
    await redis.xdel(`ws:replay:agent_status:{${user}}`, '3-0', '4-0');
    expect(await loggedIds(engine, user)).toEqual([1, 2, 5, 6]);
  });
});
