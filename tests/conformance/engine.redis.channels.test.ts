import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { append, eventually, freshKey, freshUser, newEvent, progressOf } from '../support/engine-events.ts';
import { rawRedis } from '../support/engine-redis.ts';
import { startRedisRig } from '../support/engine-rig.ts';

describe('channels (contract §6)', () => {
  let rig: Awaited<ReturnType<typeof startRedisRig>>;
  let engine: Engine;
  let platform: Redis;
  let user: string;
  /** What the platform's other services hear: channel and message, of this test's user. */
  let heard: [channel: string, message: Record<string, unknown>][];

  beforeEach(async () => {
    rig = await startRedisRig(inject('redisUrl'));
    engine = await rig.engine();
    user = freshUser();
    heard = [];
    platform = rawRedis(inject('redisUrl'));
    platform.on('pmessage', (_pattern: string, channel: string, message: string) => {
      if (message.includes(user)) heard.push([channel, JSON.parse(message)]);
    });
    await platform.psubscribe('events:*');
  });
  afterEach(async () => {
    platform.disconnect();
    await rig.close();
  });

  /** A last event, behind which nothing of those before can be missing. */
  async function allHeard(): Promise<void> {
    await append(engine, user, { event_type: 'LAST' });
    await eventually(() => expect(heard.at(-1)?.[0]).toBe('events:LAST'));
    heard.pop();
  }

  test('events:<EVENT_TYPE> has each accepted event once, with its user and position', async () => {
    const message = 'Zürich "東京" 👩‍👩‍👧‍👦\n\u0000';
    const key = freshKey();
    const event = newEvent(user, { event_type: 'BUILD_DONE', project_id: 'p-1', payload: { message } });
    const { epoch } = await engine.streams.append(event, key);
    await engine.streams.append(event, key);
    await allHeard();
    expect(heard).toEqual([
      [
        'events:BUILD_DONE',
        {
          user_id: user,
          epoch,
          type: 'BUILD_DONE',
          timestamp: '2026-01-08T12:00:00.000Z',
          sequence_id: 1,
          payload: { agent_id: 'a-1', project_id: 'p-1', message },
        },
      ],
    ]);
  });

  test('an ephemeral event is heard once too, without a sequence id', async () => {
    const key = freshKey();
    await engine.streams.append(progressOf(user), key);
    await engine.streams.append(progressOf(user), key);
    await allHeard();
    expect(heard.map(([channel]) => channel)).toEqual(['events:PROGRESS_UPDATE']);
    expect(Object.keys(heard[0]?.[1] ?? {})).toEqual(['user_id', 'epoch', 'type', 'timestamp', 'payload']);
  });

  test('it is heard whether anybody is connected or not, and in order', async () => {
    await Promise.all(Array.from({ length: 50 }, () => append(engine, user)));
    await allHeard();
    expect(heard.map(([, { sequence_id }]) => sequence_id)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  test('ws:user:{<user_id>} has subscribers only where a user is, and gives them up', async () => {
    const other = await rig.engine();
    const channel = `ws:user:{${user}}`;
    const subscribers = async () => (await rig.redis.pubsub('NUMSUB', channel))[1];
    expect(await subscribers()).toBe(0);
    await engine.handover.subscribe(user);
    await other.handover.subscribe(user);
    expect(await subscribers()).toBe(2);
    await engine.handover.unsubscribe(user);
    expect(await subscribers()).toBe(1);
    await other.close();
    await eventually(async () => expect(await subscribers()).toBe(0));
  });
});
