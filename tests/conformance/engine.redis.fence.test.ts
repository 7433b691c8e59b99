import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable, EPOCH_SKIP_PER_MS, MIN_EPOCH_SKIP } from '../../src/core/ports/engine.ts';
import {
  append,
  appendMany,
  eventually,
  freshKey,
  freshUser,
  loggedIds,
  newEvent,
  Recorder,
} from '../support/engine-events.ts';
import { cannotOwnRedis, rawRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

/** A primary waits 5 s for further replicas before it sends its data, unless told otherwise. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];

describe.skipIf(cannotOwnRedis)('G4: an epoch belongs to one data set', () => {
  let ends: (() => Promise<unknown>)[];
  let user: string;
  beforeEach(() => {
    ends = [];
    user = freshUser();
  });
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function redisOf(...args: string[]): Promise<RedisServer> {
    const server = await startRedis({ args });
    ends.push(() => server.stop());
    return server;
  }
  function engineOn({ url }: RedisServer): Promise<Engine> {
    const engine = redisEngine(url);
    ends.push(() => engine.close());
    return connected(engine);
  }
  async function tell({ url }: RedisServer, command: string, ...args: string[]): Promise<string> {
    const redis = rawRedis(url);
    try {
      return String(await redis.call(command, ...args));
    } finally {
      redis.disconnect();
    }
  }
  /** Waits until a replica has all that its primary had when asked. */
  async function caughtUp(replica: RedisServer, primary: RedisServer): Promise<void> {
    const offset = async (server: RedisServer, name: string) =>
      Number(new RegExp(`${name}:(\\d+)`).exec(await tell(server, 'INFO', 'replication'))?.[1]);
    const target = await offset(primary, 'master_repl_offset');
    await eventually(async () =>
      expect(await offset(replica, 'slave_repl_offset')).toBeGreaterThanOrEqual(target),
    );
  }

  test('a restart begins a new one beyond what was known, tells the old one, and keeps the log', async () => {
    const server = await redisOf('--appendonly', 'yes', '--appendfsync', 'always');
    const engine = await engineOn(server);
    const { epoch } = await append(engine, user);
    await appendMany(engine, user, 2);
    await server.restart();
    await connected(engine);
    const tail = await engine.streams.open(user);
    const first = tail.firstOfEpoch;
    expect(first).toBeGreaterThanOrEqual(4 + MIN_EPOCH_SKIP);
    expect(tail).toEqual({
      epoch: expect.any(String),
      sequenceId: first - 1,
      firstOfEpoch: first,
      previous: { epoch, sequenceId: 3 },
      oldest: 1,
      trimmedTo: 0,
      running: [],
    });
    expect(tail.epoch).not.toBe(epoch);
    expect(await append(engine, user)).toMatchObject({ epoch: tail.epoch, sequenceId: first });
    expect(await loggedIds(engine, user)).toEqual([1, 2, 3, first]);
    expect((await engine.streams.open(user)).epoch).toBe(tail.epoch);
  });

  test('an append alone notices too, and an answer from before the restart still stands', async () => {
    const server = await redisOf('--appendonly', 'yes', '--appendfsync', 'always');
    const engine = await engineOn(server);
    const key = freshKey();
    const old = await engine.streams.append(newEvent(user), key);
    await server.restart();
    await connected(engine);
    const next = await append(engine, user);
    expect(next.sequenceId).toBeGreaterThanOrEqual(2 + MIN_EPOCH_SKIP);
    expect(next.epoch).not.toBe(old.epoch);
    expect(await engine.streams.append(newEvent(user), key)).toEqual({ ...old, duplicate: true });
  });

  test('a restart that loses everything begins at 1', async () => {
    const server = await redisOf();
    const engine = await engineOn(server);
    const { epoch } = await append(engine, user);
    await server.restart();
    await connected(engine);
    const tail = await engine.streams.open(user);
    expect(tail).toMatchObject({ sequenceId: 0, firstOfEpoch: 1, previous: null, oldest: 1 });
    expect(tail.epoch).not.toBe(epoch);
  });

  test('a new link to the same data set changes nothing', async () => {
    const server = await redisOf();
    const engine = await engineOn(server);
    const { epoch } = await append(engine, user);
    await tell(server, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(() => expect(engine.unavailable()).not.toBeNull());
    await connected(engine);
    await tell(server, 'SCRIPT', 'FLUSH');
    expect(await append(engine, user)).toMatchObject({ epoch, sequenceId: 2 });
  });

  test('a promoted replica that has everything begins a new one: nobody can know that it has', async () => {
    const primary = await redisOf(...AT_ONCE);
    const replica = await redisOf('--replicaof', '127.0.0.1', String(primary.port));
    const before = await engineOn(primary);
    const { epoch } = await append(before, user);
    await appendMany(before, user, 2);
    await caughtUp(replica, primary);
    await primary.kill('SIGKILL');
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    const after = await engineOn(replica);
    const tail = await after.streams.open(user);
    expect(tail).toMatchObject({ previous: { epoch, sequenceId: 3 }, sequenceId: tail.firstOfEpoch - 1 });
    expect(tail.firstOfEpoch).toBeGreaterThanOrEqual(4 + MIN_EPOCH_SKIP);
    expect(await loggedIds(after, user)).toEqual([1, 2, 3]);
  });

  test('a replica that lagged gives out no sequence id a second time', async () => {
    const primary = await redisOf(...AT_ONCE);
    const replica = await redisOf('--replicaof', '127.0.0.1', String(primary.port));
    const before = await engineOn(primary);
    const { epoch } = await append(before, user);
    await caughtUp(replica, primary);
    // Port 1 answers nobody: the replica stays one, with what it has.
    await tell(replica, 'REPLICAOF', '127.0.0.1', '1');
    await appendMany(before, user, 50);
    await primary.kill('SIGKILL');
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    const after = await engineOn(replica);
    const next = await append(after, user);
    expect(next.sequenceId).toBeGreaterThanOrEqual(2 + MIN_EPOCH_SKIP);
    expect(await after.streams.open(user)).toMatchObject({
      epoch: next.epoch,
      sequenceId: next.sequenceId,
      firstOfEpoch: next.sequenceId,
      previous: { epoch, sequenceId: 1 },
    });
  });

  test('a second promotion tells of the first one', async () => {
    const server = await redisOf('--appendonly', 'yes', '--appendfsync', 'always');
    const engine = await engineOn(server);
    await append(engine, user);
    await server.restart();
    await connected(engine);
    const second = await append(engine, user);
    expect(second.sequenceId).toBeGreaterThanOrEqual(2 + MIN_EPOCH_SKIP);
    await server.restart();
    await connected(engine);
    const { previous, sequenceId, firstOfEpoch } = await engine.streams.open(user);
    expect(previous).toEqual({ epoch: second.epoch, sequenceId: second.sequenceId });
    expect(sequenceId).toBeGreaterThanOrEqual(Number(second.sequenceId) + MIN_EPOCH_SKIP);
    expect(firstOfEpoch).toBe(sequenceId + 1);
  });

  test('numbers go on with the clock from the last known event, or from where an epoch without one began', async () => {
    const server = await redisOf('--appendonly', 'yes', '--appendfsync', 'always');
    const engine = await engineOn(server);
    const meta = `ws:replay:meta:{${user}}`;
    await append(engine, user);
    for (const awayMs of [60_000, 50_000]) {
      const before = await engine.streams.open(user);
      const at = Number(await tell(server, 'HGET', meta, 'at'));
      await tell(server, 'HSET', meta, 'at', String(at - awayMs));
      await server.restart();
      await connected(engine);
      const { sequenceId } = await engine.streams.open(user);
      const beganAt = Number(await tell(server, 'HGET', meta, 'at'));
      expect(sequenceId - before.sequenceId).toBe(EPOCH_SKIP_PER_MS * (beganAt - at + awayMs));
    }
  });

  test('a clock that went back takes nothing from the skip', async () => {
    const server = await redisOf('--appendonly', 'yes', '--appendfsync', 'always');
    const engine = await engineOn(server);
    await append(engine, user);
    await tell(server, 'HSET', `ws:replay:meta:{${user}}`, 'at', String(Date.now() + 3_600_000));
    await server.restart();
    await connected(engine);
    expect((await engine.streams.open(user)).sequenceId).toBe(1 + MIN_EPOCH_SKIP);
  });

  test('a replica takes nothing; once promoted, the engine goes on by itself', async () => {
    const primary = await redisOf(...AT_ONCE);
    const replica = await redisOf('--replicaof', '127.0.0.1', String(primary.port));
    const engine = await engineOn(replica);
    const recorder = new Recorder(engine);
    await expect(append(engine, user)).rejects.toThrow(EngineUnavailable);
    await expect(engine.probe()).rejects.toThrow(EngineUnavailable);
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    await eventually(() => append(engine, user));
    await eventually(() => engine.handover.subscribe(user));
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });
});
