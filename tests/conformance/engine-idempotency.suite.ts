import { expect, test } from 'vitest';
import type { IdempotencyKey } from '../../src/core/ports/engine.ts';
import {
  eventually,
  freshId,
  freshKey,
  freshUser,
  jsonOf,
  loggedIds,
  newEvent,
  progressOf,
  Recorder,
} from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const MINUTE_MS = 60_000;

export function idempotencySuite(rig: PresentRig): void {
  test('the same key again gives the first answer and publishes nothing', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const recorder = new Recorder(one);
    const user = freshUser();
    const key = freshKey();
    await one.handover.subscribe(user);
    const first = await one.streams.append(newEvent(user, { payload: { n: 1 } }), key);
    expect(first.duplicate).toBe(false);
    for (const engine of [one, other]) {
      const again = await engine.streams.append(newEvent(user, { payload: { n: 2 } }), key);
      expect(again).toEqual({ ...first, duplicate: true });
    }
    await recorder.caughtUp();
    expect(recorder.of(user).map((record) => jsonOf(record).payload.n)).toEqual([1]);
    expect(await loggedIds(one, user)).toEqual([1]);
  });

  test('an ephemeral event with the same key is handed over once', async () => {
    const engine = await rig().engine();
    const recorder = new Recorder(engine);
    const user = freshUser();
    const key = freshKey();
    await engine.handover.subscribe(user);
    const first = await engine.streams.append(progressOf(user), key);
    const again = await engine.streams.append(progressOf(user), key);
    expect(again).toEqual({ sequenceId: null, epoch: first.epoch, duplicate: true });
    await recorder.caughtUp();
    expect(recorder.of(user)).toHaveLength(1);
  });

  test('the same key from two engines at once is one event', async () => {
    const engines = await Promise.all([rig().engine(), rig().engine()]);
    const user = freshUser();
    const keys = Array.from({ length: 20 }, freshKey);
    const attempts = keys.flatMap((key) =>
      engines.map((engine) => engine.streams.append(newEvent(user), key)),
    );
    const answers = await Promise.all(attempts);
    for (let index = 0; index < answers.length; index += 2) {
      const [one, other] = answers.slice(index, index + 2);
      expect(one?.sequenceId).toBe(other?.sequenceId);
      expect([one?.duplicate, other?.duplicate].sort()).toEqual([false, true]);
    }
    expect(await loggedIds(engines[0], user)).toHaveLength(20);
  });

  test('items, requests and services are told apart', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const key: IdempotencyKey = { service: 'worker', id: freshId(), item: 0 };
    const keys = [
      key,
      { ...key, item: 1 },
      { ...key, item: 10 },
      { ...key, service: 'worker-2' },
      { ...key, id: `${key.id}0` },
      { ...key, id: `0:${key.id}` },
    ];
    const answers = [];
    for (const one of keys) answers.push(await engine.streams.append(newEvent(user), one));
    expect(answers.map(({ duplicate }) => duplicate)).toEqual(keys.map(() => false));
    expect(await loggedIds(engine, user)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a key is remembered for 10 minutes, also where its event has left the log', async () => {
    const engine = await rig().engine({ replayWindowMs: MINUTE_MS });
    const user = freshUser();
    const key = freshKey();
    const first = await engine.streams.append(newEvent(user), key);
    await rig().age(9 * MINUTE_MS, user);
    expect(await loggedIds(engine, user)).toEqual([]);
    expect(await engine.streams.append(newEvent(user), key)).toEqual({ ...first, duplicate: true });
    await rig().age(1.1 * MINUTE_MS, user);
    const later = await engine.streams.append(newEvent(user), key);
    expect(later).toMatchObject({ sequenceId: 2, duplicate: false });
  });

  test('a request is bound to its body: the same again is welcome, another is a conflict', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const key = { service: 'worker', id: freshId() };
    expect(await one.streams.claim(key, 'body-1')).toBe('claimed');
    expect(await other.streams.claim(key, 'body-2')).toBe('conflict');
    expect(await other.streams.claim(key, 'body-1')).toBe('claimed');
    expect(await one.streams.claim(key, 'body-2')).toBe('conflict');
    expect(await one.streams.claim({ ...key, service: 'other' }, 'body-2')).toBe('claimed');
    expect(await one.streams.claim({ ...key, id: freshId() }, 'body-2')).toBe('claimed');
  });

  test('of two bodies that come at once, one is bound', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    for (let round = 0; round < 10; round++) {
      const key = { service: 'worker', id: freshId() };
      const answers = await Promise.all([one.streams.claim(key, 'a'), other.streams.claim(key, 'b')]);
      expect([...answers].sort()).toEqual(['claimed', 'conflict']);
    }
  });

  test('a claim outlives every answer that was stored under it', async () => {
    const engine = await rig().engine();
    const key = { service: 'worker', id: freshId() };
    const user = freshUser();
    await engine.streams.claim(key, 'body-1');
    await rig().age(10 * MINUTE_MS, key.id, user);
    expect(await engine.streams.claim(key, 'body-1')).toBe('claimed');
    await engine.streams.append(newEvent(user), { ...key, item: 0 });
    await rig().age(9.9 * MINUTE_MS, key.id, user);
    expect(await engine.streams.claim(key, 'body-2')).toBe('conflict');
    expect((await engine.streams.append(newEvent(user), { ...key, item: 0 })).duplicate).toBe(true);
  });

  test('a conflict does not prolong a claim, and a claim ends', async () => {
    const engine = await rig().engine();
    const key = { service: 'worker', id: freshId() };
    await engine.streams.claim(key, 'body-1');
    await rig().age(10 * MINUTE_MS, key.id);
    expect(await engine.streams.claim(key, 'body-2')).toBe('conflict');
    await rig().age(1.1 * MINUTE_MS, key.id);
    await eventually(async () => expect(await engine.streams.claim(key, 'body-2')).toBe('claimed'));
  });
}
