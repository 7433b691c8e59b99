import { expect, test } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import {
  append,
  appendMany,
  eventually,
  freshUser,
  idsOf,
  jsonOf,
  Recorder,
} from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

export function handoverSuite(rig: PresentRig): void {
  async function listening(): Promise<[Engine, Recorder]> {
    const engine = await rig().engine();
    return [engine, new Recorder(engine)];
  }

  test('an event goes to every engine that subscribed to its user, and to no other', async () => {
    const [[one, first], [other, second], [third, none]] = await Promise.all([
      listening(),
      listening(),
      listening(),
    ]);
    const user = freshUser();
    await Promise.all([one.handover.subscribe(user), other.handover.subscribe(user)]);
    await third.handover.subscribe(freshUser());
    await append(third, user);
    await Promise.all([first, second, none].map((recorder) => recorder.caughtUp()));
    expect([first, second, none].map((recorder) => recorder.of(user).length)).toEqual([1, 1, 0]);
  });

  test('G5: an engine gets events of the users that it subscribed to, each under its user', async () => {
    const [engine, recorder] = await listening();
    const base = freshUser();
    const users = [base, `${base}:`, `${base}|x`, `auth0|${base}`];
    const strangers = [`${base}x`, `${base}.`, freshUser()];
    for (const user of users) await engine.handover.subscribe(user);
    for (const user of [...strangers, ...users]) await append(engine, user, { payload: { user } });
    await recorder.caughtUp();
    for (const user of users) {
      expect(recorder.of(user).map((record) => jsonOf(record).payload.user)).toEqual([user]);
    }
    for (const user of strangers) expect(recorder.of(user)).toEqual([]);
  });

  test('G2: events are handed over in the order of their sequence ids', async () => {
    const [[one, recorder], [other]] = await Promise.all([listening(), listening()]);
    const user = freshUser();
    await one.handover.subscribe(user);
    await Promise.all(Array.from({ length: 200 }, (_, index) => append(index % 2 === 0 ? one : other, user)));
    await recorder.caughtUp();
    expect(idsOf(recorder.of(user))).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  test('an event that is handed over can be read, and is the same', async () => {
    const [[one, recorder], [other]] = await Promise.all([listening(), listening()]);
    const user = freshUser();
    await one.handover.subscribe(user);
    for (let id = 1; id <= 20; id++) {
      const appending = append(other, user);
      const handedOver = await eventually(() => {
        const record = recorder.of(user)[id - 1];
        expect(record).toBeDefined();
        return record;
      });
      const { records } = await one.streams.read(user, id - 1);
      expect(records[0]?.header).toEqual(handedOver?.header);
      expect(jsonOf(records[0])).toEqual(jsonOf(handedOver));
      await appending;
    }
  });

  test('nothing is handed over before the subscription, everything after it', async () => {
    const [engine, recorder] = await listening();
    const user = freshUser();
    await appendMany(engine, user, 2);
    await engine.handover.subscribe(user);
    await appendMany(engine, user, 2);
    await recorder.caughtUp();
    expect(idsOf(recorder.of(user))).toEqual([3, 4]);
  });

  test('unsubscribing ends it, at once; subscribing again begins it again', async () => {
    const [engine, recorder] = await listening();
    const user = freshUser();
    await engine.handover.subscribe(user);
    await append(engine, user);
    await recorder.caughtUp();
    const unsubscribed = engine.handover.unsubscribe(user);
    await append(engine, user);
    await unsubscribed;
    await append(engine, user);
    await engine.handover.subscribe(user);
    await append(engine, user);
    await recorder.caughtUp();
    expect(idsOf(recorder.of(user))).toEqual([1, 4]);
  });

  test('of calls in one turn the last one counts', async () => {
    const [engine, recorder] = await listening();
    const [on, off] = [freshUser(), freshUser()];
    const { handover } = engine;
    await handover.subscribe(on);
    await Promise.all([handover.unsubscribe(on), handover.subscribe(on)]);
    await Promise.all([handover.subscribe(off), handover.unsubscribe(off)]);
    await Promise.all([append(engine, on), append(engine, off)]);
    await recorder.caughtUp();
    expect(recorder.of(on)).toHaveLength(1);
    expect(recorder.of(off)).toHaveLength(0);
  });

  test('subscribing twice hands over once, and one unsubscribing ends it', async () => {
    const [engine, recorder] = await listening();
    const user = freshUser();
    await Promise.all([engine.handover.subscribe(user), engine.handover.subscribe(user)]);
    await engine.handover.subscribe(user);
    await append(engine, user);
    await engine.handover.unsubscribe(user);
    await append(engine, user);
    await recorder.caughtUp();
    expect(idsOf(recorder.of(user)).at(-1)).not.toBe(2);
    expect(recorder.of(user).length).toBeLessThanOrEqual(1);
  });

  test("one engine's unsubscribing takes nothing from another", async () => {
    const [[one, first], [other]] = await Promise.all([listening(), listening()]);
    const user = freshUser();
    await Promise.all([one.handover.subscribe(user), other.handover.subscribe(user)]);
    await other.handover.unsubscribe(user);
    await append(other, user);
    await first.caughtUp();
    expect(first.of(user)).toHaveLength(1);
  });

  test('a user that was never subscribed to can be unsubscribed from', async () => {
    const [engine] = await listening();
    await expect(engine.handover.unsubscribe(freshUser())).resolves.toBeUndefined();
  });

  test('very many subscriptions at once', async () => {
    const [engine, recorder] = await listening();
    const users = Array.from({ length: 1_203 }, freshUser);
    await Promise.all(users.map((user) => engine.handover.subscribe(user)));
    await Promise.all(users.map((user) => append(engine, user)));
    await recorder.caughtUp();
    expect(users.map((user) => recorder.of(user).length)).toEqual(users.map(() => 1));
  });
}
