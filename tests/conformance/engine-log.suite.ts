import { expect, test } from 'vitest';
import { PAGE_BYTES } from '../../src/core/limits.ts';
import type { Page } from '../../src/core/ports/engine.ts';
import {
  append,
  appendMany,
  freshKey,
  freshUser,
  idsOf,
  jsonOf,
  loggedIds,
  progressOf,
} from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const SECOND_MS = 1_000;

const bytesOf = ({ records }: Page): number => records.reduce((sum, { frame }) => sum + frame.length, 0);

export function logSuite(rig: PresentRig): void {
  test('a stream that nobody has heard of is empty, and starts at 1', async () => {
    const engine = await rig().engine();
    const empty = { sequenceId: 0, firstOfEpoch: 1, previous: null, oldest: 1, trimmedTo: 0 };
    expect(await engine.streams.open(freshUser())).toEqual({
      epoch: expect.any(String),
      ...empty,
      running: [],
    });
    expect(await engine.streams.read(freshUser(), 7)).toMatchObject({ tail: empty, records: [] });
  });

  test('reads what comes after a sequence id, oldest first', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    await appendMany(engine, user, 5);
    const { records } = await engine.streams.read(user, 2);
    expect(idsOf(records)).toEqual([3, 4, 5]);
    expect(records.map((record) => jsonOf(record).payload.n)).toEqual([3, 4, 5]);
    expect((await engine.streams.read(user, 5)).records).toEqual([]);
    expect((await engine.streams.read(user, 99)).records).toEqual([]);
  });

  test('G4: what is older than the window is gone, what is younger stays', async () => {
    const engine = await rig().engine({ replayWindowMs: 300 * SECOND_MS });
    const user = freshUser();
    await appendMany(engine, user, 2);
    await rig().age(200 * SECOND_MS, user);
    await appendMany(engine, user, 2);
    expect(await loggedIds(engine, user)).toEqual([1, 2, 3, 4]);
    await rig().age(150 * SECOND_MS, user);
    expect(await engine.streams.open(user)).toMatchObject({ sequenceId: 4, oldest: 3, trimmedTo: 0 });
    expect(await loggedIds(engine, user)).toEqual([3, 4]);
  });

  test('an append takes out what has left the window too', async () => {
    const engine = await rig().engine({ replayWindowMs: 300 * SECOND_MS });
    const user = freshUser();
    await appendMany(engine, user, 40);
    await rig().age(200 * SECOND_MS, user);
    await append(engine, user);
    await rig().age(150 * SECOND_MS, user);
    await append(engine, user);
    expect(await loggedIds(engine, user)).toEqual([41, 42]);
  });

  test('a log whose every event has left the window is empty; ids go on where they were', async () => {
    const engine = await rig().engine({ replayWindowMs: 300 * SECOND_MS });
    const user = freshUser();
    await appendMany(engine, user, 3);
    await rig().age(301 * SECOND_MS, user);
    const { tail, records } = await engine.streams.read(user, 0);
    expect(records).toEqual([]);
    expect(tail).toMatchObject({ sequenceId: 3, oldest: 4, trimmedTo: 0 });
    expect((await append(engine, user)).sequenceId).toBe(4);
  });

  test('G4: at most the maximum stays, and up to where they went for that is known', async () => {
    const engine = await rig().engine({ maxReplayMessages: 5 });
    const user = freshUser();
    await appendMany(engine, user, 5);
    expect(await engine.streams.open(user)).toMatchObject({ oldest: 1, trimmedTo: 0 });
    await appendMany(engine, user, 3);
    expect(await engine.streams.open(user)).toMatchObject({ sequenceId: 8, oldest: 4, trimmedTo: 3 });
    expect(await loggedIds(engine, user)).toEqual([4, 5, 6, 7, 8]);
  });

  test('ephemeral events take no room in the log', async () => {
    const engine = await rig().engine({ maxReplayMessages: 2 });
    const user = freshUser();
    await appendMany(engine, user, 2);
    for (let step = 1; step <= 5; step++) await engine.streams.append(progressOf(user, step), freshKey());
    expect(await loggedIds(engine, user)).toEqual([1, 2]);
  });

  test('what went for being too old is told from what went for being too many', async () => {
    const engine = await rig().engine({ maxReplayMessages: 5, replayWindowMs: 300 * SECOND_MS });
    const user = freshUser();
    await appendMany(engine, user, 7);
    await rig().age(200 * SECOND_MS, user);
    await append(engine, user);
    await rig().age(150 * SECOND_MS, user);
    expect(await engine.streams.open(user)).toMatchObject({ oldest: 8, trimmedTo: 3 });
  });

  test('a page has at most so many events', async () => {
    const engine = await rig().engine({ pageEvents: 3 });
    const user = freshUser();
    await appendMany(engine, user, 7);
    const sizes = [0, 3, 6, 7].map(async (after) => idsOf((await engine.streams.read(user, after)).records));
    expect(await Promise.all(sizes)).toEqual([[1, 2, 3], [4, 5, 6], [7], []]);
  });

  test('G6: a page has at most so many bytes, and pages together have everything', async () => {
    const engine = await rig().engine({ pageEvents: 100 });
    const user = freshUser();
    for (let n = 1; n <= 40; n++) await append(engine, user, { payload: { text: 'x'.repeat(n * 500) } });
    const seen: (number | null)[] = [];
    let page = await engine.streams.read(user, 0);
    for (; page.records.length > 0; page = await engine.streams.read(user, seen.length)) {
      expect(bytesOf(page)).toBeLessThanOrEqual(PAGE_BYTES);
      seen.push(...idsOf(page.records));
    }
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  test('an event larger than a page comes by itself', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const text = 'x'.repeat(PAGE_BYTES - 20);
    await append(engine, user);
    await append(engine, user, { payload: { text } });
    await append(engine, user);
    const pages = await Promise.all([0, 1, 2].map((after) => engine.streams.read(user, after)));
    expect(pages.map(({ records }) => idsOf(records))).toEqual([[1], [2], [3]]);
    expect(jsonOf(pages[1]?.records[0]).payload.text).toBe(text);
  });

  test('a page tells the tail that it was read under', async () => {
    const engine = await rig().engine({ pageEvents: 2 });
    const user = freshUser();
    await appendMany(engine, user, 3);
    const { tail } = await engine.streams.read(user, 0);
    expect(await engine.streams.open(user)).toEqual({ ...tail, running: [] });
    expect(tail.sequenceId).toBe(3);
  });

  test('ends come in the order asked, null where there is no stream, and asking makes none', async () => {
    const engine = await rig().engine();
    const [known, unknown, quiet] = [freshUser(), freshUser(), freshUser()];
    await appendMany(engine, known, 2);
    const { epoch } = await engine.streams.open(quiet);
    const known2 = { epoch: (await engine.streams.open(known)).epoch, sequenceId: 2 };
    const asked = [unknown, known, quiet, known];
    const ends = [null, known2, { epoch, sequenceId: 0 }, known2];
    expect(await engine.streams.ends(asked)).toEqual(ends);
    expect(await engine.streams.ends(asked)).toEqual(ends);
    expect(await engine.streams.ends([])).toEqual([]);
  });

  test('ends of very many streams at once', async () => {
    const engine = await rig().engine();
    const users = Array.from({ length: 1_203 }, freshUser);
    await Promise.all(users.filter((_, index) => index % 3 === 0).map((user) => append(engine, user)));
    const ends = await engine.streams.ends(users);
    expect(ends.map((end) => end?.sequenceId ?? null)).toEqual(
      users.map((_, index) => (index % 3 === 0 ? 1 : null)),
    );
  });
}
