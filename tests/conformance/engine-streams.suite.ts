import { expect, test } from 'vitest';
import {
  append,
  appendMany,
  freshKey,
  freshUser,
  idsOf,
  loggedIds,
  newEvent,
  progressOf,
} from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const rising = (ids: (number | null)[]): (number | null)[] =>
  [...ids].sort((one, other) => Number(one) - Number(other));

export function streamsSuite(rig: PresentRig): void {
  test('G2: sequence ids of a user are 1, 2, 3 … without holes, whichever engine appends', async () => {
    const engines = await Promise.all([rig().engine(), rig().engine(), rig().engine()]);
    const user = freshUser();
    const appends = engines.flatMap((engine) => upTo(50).map(() => append(engine, user)));
    const ids = (await Promise.all(appends)).map(({ sequenceId }) => sequenceId);
    expect(rising(ids)).toEqual(upTo(150));
    expect(await loggedIds(engines[0], user)).toEqual(upTo(150));
  });

  test('G2: what one engine is given in one turn keeps its order', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const results = await Promise.all(upTo(120).map((n) => append(engine, user, { payload: { n } })));
    expect(results.map(({ sequenceId }) => sequenceId)).toEqual(upTo(120));
  });

  test('G1: an accepted event is in the log at once, for every engine', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const user = freshUser();
    for (const id of upTo(20)) {
      await append(one, user);
      expect(idsOf((await other.streams.read(user, id - 1)).records)).toEqual([id]);
    }
  });

  test('a stream gets one epoch, the same from every engine, and keeps it', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const user = freshUser();
    const [first, second] = await Promise.all([one.streams.open(user), other.streams.open(user)]);
    const epochs = [
      first.epoch,
      second.epoch,
      (await append(other, user)).epoch,
      (await one.streams.append(progressOf(user), freshKey())).epoch,
      (await append(one, user)).epoch,
      (await other.streams.read(user, 0)).tail.epoch,
      (await one.streams.ends([user]))[0]?.epoch,
    ];
    expect(first.epoch).toMatch(/^[A-Za-z0-9-]{16,}$/);
    expect(new Set(epochs)).toEqual(new Set([first.epoch]));
  });

  test('a stream that begins with an event has the epoch that the event was told', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const { epoch } = await append(engine, user);
    expect(await engine.streams.open(user)).toMatchObject({
      epoch,
      sequenceId: 1,
      firstOfEpoch: 1,
      oldest: 1,
    });
  });

  test('G5: streams of two users know nothing of each other', async () => {
    const engine = await rig().engine();
    const [one, other] = [freshUser(), freshUser()];
    await appendMany(engine, one, 3);
    const { sequenceId, epoch } = await append(engine, other);
    expect(sequenceId).toBe(1);
    expect(epoch).not.toBe((await engine.streams.open(one)).epoch);
    expect(await loggedIds(engine, one)).toEqual([1, 2, 3]);
    expect(await loggedIds(engine, other)).toEqual([1]);
  });

  test('G5: users whose ids begin or end with one another, or look like keys, are told apart', async () => {
    const engine = await rig().engine();
    const base = freshUser();
    const suffixes = ['', ':', ':meta', '.', '|', '|1', '@example.com', '+tag@example.com', '-', '_', ':1:0'];
    const users = [...suffixes.map((suffix) => `${base}${suffix}`), `auth0|${base}`, `x:${base}`];
    for (const [index, user] of users.entries()) await appendMany(engine, user, index + 1);
    const ends = await engine.streams.ends(users);
    expect(ends.map((end) => end?.sequenceId)).toEqual(users.map((_, index) => index + 1));
    expect(new Set(ends.map((end) => end?.epoch)).size).toBe(users.length);
  });

  test('an ephemeral event has no sequence id and leaves no trace in the log', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    await append(engine, user);
    const appended = await engine.streams.append(progressOf(user), freshKey());
    expect(appended).toMatchObject({ sequenceId: null, duplicate: false });
    expect(await loggedIds(engine, user)).toEqual([1]);
    expect((await append(engine, user)).sequenceId).toBe(2);
  });

  test('the end of a stream outlives its log', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const { epoch } = await append(engine, user);
    await rig().age(24 * 3_600_000, user);
    const { tail, records } = await engine.streams.read(user, 0);
    expect(records).toEqual([]);
    expect(tail).toMatchObject({ epoch, sequenceId: 1, oldest: 2, firstOfEpoch: 1, previous: null });
    expect(await append(engine, user)).toMatchObject({ epoch, sequenceId: 2 });
    expect(await loggedIds(engine, user)).toEqual([2]);
  });

  const DAY_MS = 24 * 3_600_000;

  test('a stream that nobody used for 7 days is forgotten, and begins anew', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const { epoch } = await append(engine, user);
    await rig().age(7 * DAY_MS + 60_000, user);
    expect(await engine.streams.ends([user])).toEqual([null]);
    const again = await append(engine, user);
    expect(again.sequenceId).toBe(1);
    expect(again.epoch).not.toBe(epoch);
  });

  test.each(['open', 'ends'] as const)('a stream that is followed by %s is remembered', async (how) => {
    const engine = await rig().engine();
    const user = freshUser();
    const { epoch } = await engine.streams.append(newEvent(user), freshKey());
    await rig().age(6 * DAY_MS, user);
    await (how === 'open' ? engine.streams.open(user) : engine.streams.ends([user]));
    await rig().age(6 * DAY_MS, user);
    expect(await engine.streams.ends([user])).toEqual([{ epoch, sequenceId: 1 }]);
  });
}
