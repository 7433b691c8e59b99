import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { everyCall, expectRefused, GENEROUS_MS } from '../support/engine-calls.ts';
import {
  append,
  eventually,
  freshKey,
  freshUser,
  idsOf,
  loggedIds,
  newEvent,
  Recorder,
} from '../support/engine-events.ts';
import { cannotOwnRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

describe.skipIf(cannotOwnRedis)('Redis out of reach', () => {
  let ends: (() => Promise<unknown>)[];
  beforeEach(() => {
    ends = [];
  });
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function redisOn(port?: number): Promise<RedisServer> {
    const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const server = await startRedis({ args, ...(port === undefined ? {} : { port }) });
    ends.push(() => server.stop());
    return server;
  }
  function engineOn(port: number): Engine {
    const engine = redisEngine(`redis://127.0.0.1:${port}`);
    ends.push(() => engine.close());
    return engine;
  }
  async function pair(): Promise<{ server: RedisServer; engine: Engine; recorder: Recorder }> {
    const server = await redisOn();
    const engine = await connected(engineOn(server.port));
    return { server, engine, recorder: new Recorder(engine) };
  }

  test('at start: everything is refused, the reason is told, and it is used once it is there', async () => {
    const port = await freePort();
    const engine = engineOn(port);
    const recorder = new Recorder(engine);
    await expectRefused(everyCall(engine));
    const start = performance.now();
    await engine.connect(200);
    expect(performance.now() - start).toBeLessThan(GENEROUS_MS);
    expect(engine.unavailable()).toMatch(/^Redis: the command link is /);
    await redisOn(port);
    await connected(engine);
    await Promise.all(everyCall(engine).map(([, call]) => call));
    const user = freshUser();
    await engine.handover.subscribe(user);
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });

  test('frozen: every call is refused within 2 s; afterwards all goes on', async () => {
    const { server, engine, recorder } = await pair();
    const user = freshUser();
    await engine.handover.subscribe(user);
    const { epoch } = await append(engine, user);
    await server.kill('SIGSTOP');
    await expectRefused([...everyCall(engine), ['unsubscribe', engine.handover.unsubscribe(freshUser())]]);
    await expectRefused(everyCall(engine));
    await server.kill('SIGCONT');
    await connected(engine);
    await eventually(() => engine.probe());
    expect(await append(engine, user)).toMatchObject({ epoch, sequenceId: 2 });
    await eventually(() => expect(idsOf(recorder.of(user))).toEqual([1, 2]));
  });

  test('frozen at start: refused in time, and used once it answers', async () => {
    const server = await redisOn();
    await server.kill('SIGSTOP');
    const engine = engineOn(server.port);
    await expectRefused(everyCall(engine));
    await engine.connect(2_000);
    expect(engine.unavailable()).not.toBeNull();
    await server.kill('SIGCONT');
    await connected(engine);
    await append(engine, freshUser());
  });

  test('frozen under load: nobody waits behind the others, and the link is given up', async () => {
    const { server, engine } = await pair();
    const users = Array.from({ length: 20 }, freshUser);
    const load = () => users.map((user) => ['append', append(engine, user)] as [string, Promise<unknown>]);
    await Promise.all(load().map(([, call]) => call));
    await server.kill('SIGSTOP');
    const waves: Promise<void>[] = [];
    while (engine.unavailable() === null) {
      waves.push(expectRefused(load()));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all(waves);
    expect(waves.length).toBeGreaterThan(10);
    await server.kill('SIGCONT');
    await connected(engine);
    await Promise.all(load().map(([, call]) => call));
  });

  test('an append whose answer was lost is one event, sent again', async () => {
    const { server, engine, recorder } = await pair();
    const user = freshUser();
    await engine.handover.subscribe(user);
    const key = freshKey();
    await server.kill('SIGSTOP');
    await expect(engine.streams.append(newEvent(user), key)).rejects.toThrow(EngineUnavailable);
    await server.kill('SIGCONT');
    await eventually(() => append(engine, user));
    expect(await engine.streams.append(newEvent(user), key)).toMatchObject({
      sequenceId: 1,
      duplicate: true,
    });
    expect(await loggedIds(engine, user)).toEqual([1, 2]);
    await recorder.caughtUp();
    expect(idsOf(recorder.of(user))).toEqual([1, 2]);
  });

  test('killed and started again: subscriptions come back, and loss is told', async () => {
    const { server, engine, recorder } = await pair();
    const users = Array.from({ length: 1_203 }, freshUser);
    const [kept, given] = [users.slice(3), users.slice(0, 3)];
    await Promise.all(users.map((user) => engine.handover.subscribe(user)));
    const interruptions = recorder.interruptions;
    await server.kill('SIGKILL');
    await eventually(() => expect(engine.unavailable()).not.toBeNull());
    await expectRefused(everyCall(engine));
    for (const user of given) await engine.handover.unsubscribe(user);
    await server.restart();
    await connected(engine);
    expect(recorder.interruptions).toBe(interruptions + 1);
    await Promise.all(users.map((user) => append(engine, user)));
    await recorder.caughtUp();
    expect(kept.map((user) => recorder.of(user).length)).toEqual(kept.map(() => 1));
    expect(given.map((user) => recorder.of(user).length)).toEqual([0, 0, 0]);
  });

  test('a user that could not be subscribed to can be later', async () => {
    const { server, engine, recorder } = await pair();
    const user = freshUser();
    await server.kill('SIGKILL');
    await eventually(() => expect(engine.unavailable()).not.toBeNull());
    await expect(engine.handover.subscribe(user)).rejects.toThrow(EngineUnavailable);
    await server.restart();
    await connected(engine);
    await append(engine, user);
    await recorder.caughtUp();
    expect(recorder.of(user)).toEqual([]);
    await engine.handover.subscribe(user);
    await append(engine, user);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
  });
});
