import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { MIN_EPOCH_SKIP } from '../../src/core/ports/engine.ts';
import { append, eventually, freshUser, idsOf, Recorder } from '../support/engine-events.ts';
import type { EngineProxy } from '../support/engine-proxy.ts';
import { startProxy } from '../support/engine-proxy.ts';
import { cannotOwnRedis, rawRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

/** An address that leads to the primary, whichever server that is: as a managed Redis has. */
describe.skipIf(cannotOwnRedis)('a failover behind one address', () => {
  let primary: RedisServer;
  let replica: RedisServer;
  let proxy: EngineProxy;
  let engine: Engine;
  let recorder: Recorder;
  let user: string;

  beforeEach(async () => {
    primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
    proxy = await startProxy(primary.port);
    engine = redisEngine(proxy.url);
    recorder = new Recorder(engine);
    user = freshUser();
    await connected(engine);
    await engine.handover.subscribe(user);
    await append(engine, user);
    await eventually(async () => expect(await tell(replica, 'EXISTS', `ws:replay:meta:{${user}}`)).toBe('1'));
  });
  afterEach(async () => {
    await engine.close();
    await proxy.close();
    await Promise.all([primary.stop(), replica.stop()]);
  });

  async function tell({ url }: RedisServer, command: string, ...args: string[]): Promise<string> {
    const redis = rawRedis(url);
    try {
      return String(await redis.call(command, ...args));
    } finally {
      redis.disconnect();
    }
  }

  /** The engine has found the new primary, and hands over what it takes. */
  async function expectToGoOn(): Promise<void> {
    const next = await eventually(() => append(engine, user));
    expect(next.sequenceId).toBeGreaterThanOrEqual(2 + MIN_EPOCH_SKIP);
    await eventually(() => engine.probe());
    await connected(engine);
    const { epoch, sequenceId } = await append(engine, user);
    expect(epoch).toBe(next.epoch);
    expect(sequenceId).toBeGreaterThan(Number(next.sequenceId));
    await eventually(() => expect(idsOf(recorder.of(user))).toContain(sequenceId));
    expect(await tell(replica, 'HGET', `ws:replay:meta:{${user}}`, 'epoch')).toBe(next.epoch);
  }

  test('the primary dies', async () => {
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    proxy.redirect(replica.port);
    await primary.kill('SIGKILL');
    await expectToGoOn();
    expect(recorder.interruptions).toBeGreaterThan(1);
  });

  test('the primary lives on as a replica, and keeps its connections', async () => {
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    await tell(primary, 'REPLICAOF', '127.0.0.1', String(replica.port));
    proxy.redirect(replica.port);
    await expectToGoOn();
  });

  test('the primary freezes', async () => {
    await primary.kill('SIGSTOP');
    await tell(replica, 'REPLICAOF', 'NO', 'ONE');
    proxy.redirect(replica.port);
    await expectToGoOn();
    expect(recorder.interruptions).toBeGreaterThan(1);
  });
});
