import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import {
  append,
  appendMany,
  freshId,
  freshKey,
  freshUser,
  newEvent,
  progressOf,
} from '../support/engine-events.ts';
import { keysNamed } from '../support/engine-redis.ts';
import { startRedisRig } from '../support/engine-rig.ts';

const DAY_MS = 24 * 3_600_000;
const CONNECTED_AT = Date.UTC(2026, 0, 8, 12);

describe('what stands in Redis (contract §6)', () => {
  let rig: Awaited<ReturnType<typeof startRedisRig>>;
  let redis: Redis;
  let engine: Engine;
  let user: string;
  const instanceId = `i-${freshId()}`;

  beforeEach(async () => {
    rig = await startRedisRig(inject('redisUrl'));
    redis = rig.redis;
    user = freshUser();
    engine = await rig.engine({ instanceId, maxReplayMessages: 3, replayWindowMs: 300_000 });
  });
  afterEach(() => rig.close());

  /** Between a minute less and all of it. */
  async function expectTtl(key: string, milliseconds: number): Promise<void> {
    const ttl = await redis.pttl(key);
    expect(ttl).toBeLessThanOrEqual(milliseconds);
    expect(ttl).toBeGreaterThan(milliseconds - 30_000);
  }

  test('the log is a stream whose entry ids are the sequence ids; it goes when its last event is too old', async () => {
    const before = Date.now();
    await appendMany(engine, user, 4);
    const key = `ws:replay:agent_status:{${user}}`;
    expect(await redis.type(key)).toBe('stream');
    const entries = await redis.xrange(key, '-', '+');
    expect(entries.map(([id]) => id)).toEqual(['2-0', '3-0', '4-0']);
    const [, [at, time, event, record]] = entries[0] as [string, [string, string, string, string]];
    expect([at, event]).toEqual(['at', 'event']);
    expect(Math.abs(Number(time) - before)).toBeLessThan(60_000);
    const [epoch] = await redis.hmget(`ws:replay:meta:{${user}}`, 'epoch');
    const { head, tail } = newEvent(user, { payload: { n: 2 } }).frame;
    expect(record).toBe(`${epoch} 2 normal NOTE a-1 ~ ~\n${head}2${tail}`);
    await expectTtl(key, 300_000);
  });

  test('an append takes out what is too old, so that a stream that nobody reads does not grow', async () => {
    const key = `ws:replay:agent_status:{${user}}`;
    await appendMany(engine, user, 2);
    await rig.age(200_000, user);
    await append(engine, user);
    await rig.age(150_000, user);
    await append(engine, user);
    expect((await redis.xrange(key, '-', '+')).map(([id]) => id)).toEqual(['3-0', '4-0']);
  });

  test('its end is a hash that outlives it', async () => {
    const { epoch } = await append(engine, user);
    await appendMany(engine, user, 4);
    const key = `ws:replay:meta:{${user}}`;
    expect(await redis.type(key)).toBe('hash');
    expect(await redis.hgetall(key)).toEqual({
      epoch,
      sequence_id: '5',
      fence: expect.stringMatching(/^[0-9a-f]{40}$/),
      first: '1',
      previous_epoch: '',
      previous_end: '0',
      at: expect.stringMatching(/^\d{13}$/),
      trimmed_to: '2',
    });
    await expectTtl(key, 7 * DAY_MS);
  });

  test('a request is bound to its body for 11 minutes, an answer is kept for 10', async () => {
    const key = { service: 'worker', id: freshId() };
    await engine.streams.claim(key, 'body-hash');
    const { epoch } = await engine.streams.append(newEvent(user), { ...key, item: 3 });
    await engine.streams.append(progressOf(user), { ...key, item: 4 });
    expect(await redis.get(`ws:publish:worker:${key.id}`)).toBe('body-hash');
    expect(await redis.get(`ws:published:{${user}}:worker:3:${key.id}`)).toBe(`${epoch} 1`);
    expect(await redis.get(`ws:published:{${user}}:worker:4:${key.id}`)).toBe(`${epoch} `);
    await expectTtl(`ws:publish:worker:${key.id}`, 11 * 60_000);
    await expectTtl(`ws:published:{${user}}:worker:3:${key.id}`, 10 * 60_000);
  });

  test('where tasks are is a hash that goes with the replay window', async () => {
    const key = `ws:progress:{${user}}`;
    await engine.streams.append(progressOf(user, 3), freshKey());
    await engine.streams.append(progressOf(user, 2), freshKey());
    await expectTtl(key, 300_000);
    await rig.age(200_000, user);
    await engine.streams.append(progressOf(user, 4), freshKey());
    await expectTtl(key, 300_000);
    const value = (await redis.hget(key, 'a-1 t-1')) ?? '';
    const [words = '', labels = '', frame] = value.split('\n');
    expect(words).toMatch(/^\d{13} \d{13} 2 4 10 40 1 \d{13} 1 2000\d\d(\.\d+)?$/);
    expect(labels).toMatch(/^\S+ ~ low PROGRESS_UPDATE a-1 ~ t-1 \d{13} 2 4 10$/);
    expect(JSON.parse(frame ?? '').payload).toMatchObject({ current_step: 4, progress_percent: 40 });
    await engine.streams.append(progressOf(user, 10), freshKey());
    expect(await redis.hget(key, 'a-1 t-1')).not.toContain('\n');
  });

  test('a connection is a hash with a lease, found through the sorted set of its user', async () => {
    const connectionId = freshId();
    const filters = { agent_ids: ['a-1'], project_ids: null, event_types: null };
    const times = { connectedAt: CONNECTED_AT, lastHeartbeat: CONNECTED_AT + 30_000 };
    const entry = { connectionId, userId: user, filters, lastSequenceId: 41, isDraining: false, ...times };
    await engine.registry.refresh([entry]);
    expect(await redis.hgetall(`ws:connections:${connectionId}`)).toEqual({
      connection_id: connectionId,
      user_id: user,
      instance_id: instanceId,
      connected_at: String(CONNECTED_AT),
      last_heartbeat: String(CONNECTED_AT + 30_000),
      filters: JSON.stringify(filters),
      last_sequence_id: '41',
      is_draining: '0',
    });
    expect(await redis.zrange(`ws:connections:user:${user}`, '0', '-1')).toEqual([connectionId]);
    await expectTtl(`ws:connections:${connectionId}`, 85_000);
    await expectTtl(`ws:connections:user:${user}`, 85_000);
    expect(await redis.hgetall(`ws:connections:instance:${instanceId}`)).toEqual({ [connectionId]: user });
    await expectTtl(`ws:connections:instance:${instanceId}`, 85_000);
    await engine.registry.remove([entry]);
    expect(await keysNamed(redis, [connectionId, user])).toEqual([]);
  });

  test('an instance is a hash of 60 s, found through a set', async () => {
    await engine.registry.announce({
      instanceId,
      hostname: 'box',
      port: 8080,
      startedAt: CONNECTED_AT,
      lastHeartbeat: CONNECTED_AT + 20_000,
      connectionCount: 7,
      status: 'draining',
    });
    expect(await redis.hgetall(`ws:instances:${instanceId}`)).toEqual({
      instance_id: instanceId,
      hostname: 'box',
      port: '8080',
      started_at: String(CONNECTED_AT),
      last_heartbeat: String(CONNECTED_AT + 20_000),
      connection_count: '7',
      status: 'draining',
    });
    await expectTtl(`ws:instances:${instanceId}`, 60_000);
    expect(await redis.sismember('ws:instances', instanceId)).toBe(1);
    await expectTtl('ws:instances', 85_000);
    await engine.registry.withdraw(instanceId);
    expect(await redis.exists(`ws:instances:${instanceId}`)).toBe(0);
    expect(await redis.sismember('ws:instances', instanceId)).toBe(0);
  });

  test('an order waits in a list for 10 s', async () => {
    await engine.orders.put(instanceId, { orderId: freshId(), kind: 'disconnect_user', subject: user });
    expect(await redis.llen(`ws:orders:${instanceId}`)).toBe(1);
    expect(await redis.pttl(`ws:orders:${instanceId}`)).toBeLessThanOrEqual(10_000);
    expect(await redis.pttl(`ws:orders:${instanceId}`)).toBeGreaterThan(0);
  });

  test('an answer to an order is a field of a hash for 10 s', async () => {
    const order = { orderId: freshId(), kind: 'explain' as const, subject: `1 ${user}` };
    await engine.orders.answer(order, '{}');
    expect(await redis.hgetall(`ws:answers:${order.orderId}`)).toEqual({ [instanceId]: '{}' });
    await expectTtl(`ws:answers:${order.orderId}`, 10_000);
  });

  test('a limit is a hash of its bucket and of those who share it', async () => {
    const limit = freshId();
    await engine.limits.lease({ limit, rate: 1_000, wanted: 50, returned: 0 });
    const { at, pool, ...shares } = await redis.hgetall(`ws:limits:${limit}`);
    expect(at).toMatch(/^\d{13}\.\d{3}$/);
    expect(Number(pool)).toBe(150);
    expect(Object.keys(shares)).toEqual([`instance:${instanceId}`]);
    expect(shares[`instance:${instanceId}`]?.split(' ').map(Number)).toEqual([Number(at), 0, 50]);
    await expectTtl(`ws:limits:${limit}`, 60_000);
  });

  test('upgrades of an address and the probe have keys that end by themselves', async () => {
    const address = `address-${freshId()}`;
    await engine.registry.admit({ connectionId: freshId(), userId: user, address, reserve: true });
    await engine.probe();
    await expectTtl(`ws:upgrades:${address}`, 60_000);
    await expectTtl(`ws:probe:${instanceId}`, 60_000);
  });

  test('who only asks, and who is refused, writes nothing', async () => {
    const full = await rig.engine({ maxConnectionsPerUser: 1, connectRatePerAddress: 1 });
    const [address, other] = [`address-${freshId()}`, `address-${freshId()}`];
    const ask = { connectionId: freshId(), userId: user, address, reserve: false };
    await full.registry.admit(ask);
    expect(await keysNamed(redis, [user, address])).toEqual([]);
    await full.registry.admit({ ...ask, reserve: true });
    await full.registry.admit({ ...ask, connectionId: freshId(), address: other, reserve: true });
    expect(await keysNamed(redis, [other])).toEqual([]);
    expect(await redis.zcard(`ws:connections:user:${user}`)).toBe(1);
  });

  test('every key is one of the documented ones, and none stays for ever', async () => {
    const key = { ...freshKey(), service: user };
    await engine.streams.claim(key, 'body-hash');
    await engine.streams.append(newEvent(user), key);
    await engine.streams.append(progressOf(user), { ...key, item: 1 });
    await engine.streams.read(user, 0);
    await engine.streams.ends([user]);
    await engine.handover.subscribe(user);
    await engine.registry.admit({ connectionId: user, userId: user, address: user, reserve: true });
    await engine.limits.lease({ limit: user, rate: 1, wanted: 1, returned: 0 });
    const names = (await keysNamed(redis, [user])).map((name) => name.replaceAll(user, 'U'));
    expect(names.map((name) => name.replaceAll(key.id, 'ID')).sort()).toEqual([
      'ws:connections:user:U',
      'ws:limits:U',
      'ws:progress:{U}',
      'ws:publish:U:ID',
      'ws:published:{U}:U:0:ID',
      'ws:published:{U}:U:1:ID',
      'ws:replay:agent_status:{U}',
      'ws:replay:meta:{U}',
      'ws:upgrades:U',
    ]);
    for (const name of await keysNamed(redis, [user])) expect(await redis.pttl(name)).toBeGreaterThan(0);
  });
});
