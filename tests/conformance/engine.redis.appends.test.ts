import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { append, freshKey, freshUser, loggedIds, newEvent, progressOf } from '../support/engine-events.ts';
import { cannotOwnRedis } from '../support/engine-redis.ts';
import { startRedisRig } from '../support/engine-rig.ts';
import { startRedis } from '../support/redis-server.ts';

/** More than one call of the script takes. */
const MANY = 120;

describe('events that are appended in one turn', () => {
  let rig: Awaited<ReturnType<typeof startRedisRig>>;
  let redis: Redis;
  let engine: Engine;

  beforeEach(async () => {
    rig = await startRedisRig(inject('redisUrl'));
    redis = rig.redis;
    engine = await rig.engine();
  });
  afterEach(() => rig.close());

  test('of one user get their numbers in the order they were asked for', async () => {
    const user = freshUser();
    const appended = await Promise.all(Array.from({ length: MANY }, () => append(engine, user)));
    expect(appended.map(({ sequenceId }) => sequenceId)).toEqual(appended.map((_, index) => index + 1));
  });

  test('each have a result of their own', async () => {
    const [one, other, key] = [freshUser(), freshUser(), freshKey()];
    const first = await engine.streams.append(newEvent(one), key);
    const [again, fresh, ephemeral] = await Promise.all([
      engine.streams.append(newEvent(one), key),
      engine.streams.append(newEvent(other), key),
      engine.streams.append(progressOf(other), { ...key, item: 1 }),
    ]);
    expect(again).toEqual({ ...first, duplicate: true });
    expect(fresh).toEqual({ epoch: expect.any(String), sequenceId: 1, duplicate: false });
    expect(ephemeral).toEqual({ epoch: fresh.epoch, sequenceId: null, duplicate: false });
  });

  test('leave each other be: one whose stream cannot be written fails alone', async () => {
    const [before, broken, behind] = [freshUser(), freshUser(), freshUser()];
    await redis.set(`ws:replay:agent_status:{${broken}}`, 'no stream');
    const outcomes = await Promise.allSettled([before, broken, behind].map((user) => append(engine, user)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(EngineUnavailable) });
    expect(await loggedIds(engine, behind)).toEqual([1]);
  });

  test('leave nothing half done where one fails: sent again, it is one event', async () => {
    const [user, key] = [freshUser(), freshKey()];
    const ends = newEvent(user, {
      event_type: 'AGENT_STATUS_CHANGED',
      payload: { old_status: 'working', new_status: 'completed', task_id: 't-1' },
    });
    await redis.set(`ws:progress:{${user}}`, 'no hash');
    await expect(engine.streams.append(ends, key)).rejects.toThrow(EngineUnavailable);
    expect(await loggedIds(engine, user)).toEqual([]);
    await redis.del(`ws:progress:{${user}}`);
    expect(await engine.streams.append(ends, key)).toMatchObject({ sequenceId: 1, duplicate: false });
    expect(await loggedIds(engine, user)).toEqual([1]);
  });
});

describe.skipIf(cannotOwnRedis)('events that are appended in one turn while Redis has no memory left', () => {
  test('are refused one by one, so that who repeats one is still told what came of it', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const rig = await startRedisRig(server.url);
    onTestFinished(() => rig.close());
    const engine = await rig.engine();
    const [user, other, key] = [freshUser(), freshUser(), freshKey()];
    const first = await engine.streams.append(newEvent(user), key);
    await append(engine, other);
    await rig.redis.config('SET', 'maxmemory', '1');
    const [fresh, again] = await Promise.allSettled([
      append(engine, other),
      engine.streams.append(newEvent(user), key),
    ]);
    expect(fresh).toMatchObject({ reason: expect.any(EngineUnavailable) });
    expect(String(fresh.status === 'rejected' && fresh.reason)).toContain('OOM');
    expect(again).toMatchObject({ value: { ...first, duplicate: true } });
    await rig.redis.config('SET', 'maxmemory', '0');
    expect(await append(engine, other)).toMatchObject({ sequenceId: 2 });
  });
});

describe.skipIf(cannotOwnRedis)('an event behind whose entry Redis refuses a command', () => {
  test.each(['PEXPIRE', 'XTRIM', 'PUBLISH'])('by %s: sent again, it is one event', async (command) => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const rig = await startRedisRig(server.url);
    onTestFinished(() => rig.close());
    const engine = await rig.engine();
    const [user, key] = [freshUser(), freshKey()];
    await append(engine, user);
    await rig.redis.call('ACL', 'SETUSER', 'default', `-${command}`);
    await expect(engine.streams.append(newEvent(user), key)).rejects.toThrow(EngineUnavailable);
    await rig.redis.call('ACL', 'SETUSER', 'default', `+${command}`);
    expect(await engine.streams.append(newEvent(user), key)).toMatchObject({
      sequenceId: 2,
      duplicate: true,
    });
    expect(await loggedIds(engine, user)).toEqual([1, 2]);
  });
});
