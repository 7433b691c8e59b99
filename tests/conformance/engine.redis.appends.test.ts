import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { append, freshKey, freshUser, loggedIds, newEvent, progressOf } from '../support/engine-events.ts';
import { startRedisRig } from '../support/engine-rig.ts';

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
});
