import { describe, expect, test } from 'vitest';
import { MOST_TASKS } from '../../src/core/limits.ts';
import type { Engine } from '../../src/core/ports/engine.ts';
import { append, eventually, freshUser, jsonOf } from '../support/engine-events.ts';
import { publish, shown, stepsOf, watched } from '../support/engine-progress.ts';
import type { PresentRig } from './engine.suite.ts';

const SECOND_MS = 1_000;

export function tasksSuite(rig: PresentRig): void {
  describe('G10: who opens a stream', () => {
    const running = async (engine: Engine, user: string) =>
      (await engine.streams.open(user)).running.map(shown).sort();

    test('is told of the newest of each task in the middle of a run, as it was handed over', async () => {
      const { engines, recorder, user } = await watched(rig(), 2);
      const [one, other] = engines as [Engine, Engine];
      await publish(one, user, { step: 1, message: 'größer\n✓' });
      await publish(one, user, { step: 3, message: 'größer\n✓' });
      await publish(one, user, { step: 2 });
      await publish(one, user, { task: 't-2', step: 0 });
      await publish(one, user, { task: 't-3', step: 10 });
      await publish(one, user, { task: 't-4', step: 10 });
      await publish(one, user, { task: 't-4', step: 1 });
      expect(await running(other, user)).toEqual([
        ['t-1', 3, 30],
        ['t-2', 0, 0],
        ['t-4', 1, 10],
      ]);
      await recorder.caughtUp();
      const opened = (await other.streams.open(user)).running.find(({ header }) => header.taskId === 't-1');
      const [, third] = recorder.of(user);
      expect(opened?.header).toEqual(third?.header);
      expect(jsonOf(opened)).toEqual(jsonOf(third));
      expect(await running(one, freshUser())).toEqual([]);
    });

    test('is not told of tasks that were silent for longer than the window', async () => {
      const { engines, user } = await watched(rig());
      const [engine] = engines as [Engine];
      await publish(engine, user, { task: 'quiet', step: 5 });
      await publish(engine, user, { task: 'busy', step: 5 });
      await rig().age(200 * SECOND_MS, user);
      await publish(engine, user, { task: 'busy', step: 6 });
      await rig().age(150 * SECOND_MS, user);
      expect(await running(engine, user)).toEqual([['busy', 6, 60]]);
    });

    test('reading and asking for ends leave them as they are', async () => {
      const { engines, user } = await watched(rig());
      const [engine] = engines as [Engine];
      await publish(engine, user, { step: 5 });
      expect((await engine.streams.read(user, 0)).records).toEqual([]);
      await engine.streams.ends([user]);
      expect(await running(engine, user)).toEqual([['t-1', 5, 50]]);
    });
  });

  describe('G10: a task', () => {
    test('that was silent for longer than the window begins anew, whether it is alone or not', async () => {
      const { engines, recorder, user } = await watched(rig());
      const [engine] = engines as [Engine];
      await publish(engine, user, { step: 5, percent: 90 });
      await rig().age(200 * SECOND_MS, user);
      await publish(engine, user, { task: 't-2', step: 5 });
      await rig().age(150 * SECOND_MS, user);
      await publish(engine, user, { step: 2 });
      await rig().age(400 * SECOND_MS, user);
      await publish(engine, user, { step: 1 });
      await recorder.caughtUp();
      expect(recorder.of(user).map(shown)).toEqual([
        ['t-1', 5, 90],
        ['t-2', 5, 50],
        ['t-1', 2, 20],
        ['t-1', 1, 10],
      ]);
      expect(recorder.of(user).map(({ header }) => header.progress?.update)).toEqual([1, 1, 1, 1]);
    });

    test('whose end is known takes a late update for one, until the window is over', async () => {
      const { engines, recorder, user } = await watched(rig());
      const [engine] = engines as [Engine];
      await publish(engine, user, { step: 10 });
      await rig().age(250 * SECOND_MS, user);
      await publish(engine, user, { step: 7 });
      await rig().age(100 * SECOND_MS, user);
      await publish(engine, user, { step: 8 });
      await recorder.caughtUp();
      expect(stepsOf(recorder.of(user))).toEqual([10, 8]);
    });

    test('that a status ended is not running, however far it came, and what was on its way does not revive it', async () => {
      const { engines, recorder, user } = await watched(rig());
      const [engine] = engines as [Engine];
      const status = (new_status: string, task_id: string) =>
        append(engine, user, {
          event_type: 'AGENT_STATUS_CHANGED',
          payload: { old_status: 'working', new_status, task_id },
        });
      await publish(engine, user, { task: 'failed', step: 9 });
      await publish(engine, user, { task: 'stuck', step: 4 });
      await publish(engine, user, { task: 'failed', agent: 'a-2', step: 3 });
      await status('failed', 'failed');
      await status('completed', 'unheard-of');
      await status('stuck', 'stuck');
      await publish(engine, user, { task: 'failed', step: 9 });
      await publish(engine, user, { task: 'failed', step: 8 });
      const open = async () => (await engine.streams.open(user)).running.map(shown).sort();
      expect(await open()).toEqual([
        ['failed', 3, 30],
        ['stuck', 4, 40],
      ]);
      await recorder.caughtUp();
      const heard = recorder.of(user);
      expect(heard.map(({ header }) => header.endsTask ?? false)).toEqual([
        ...[false, false, false],
        ...[true, true, false],
      ]);
      expect(
        (await engine.streams.read(user, 0)).records.map(({ header }) => header.endsTask ?? false),
      ).toEqual([true, true, false]);
      await publish(engine, user, { task: 'failed', step: 1 });
      expect(await open()).toContainEqual(['failed', 1, 10]);
    });

    test('gives way where there are too many: the silent and the ended first, then the oldest', async () => {
      const { engines, user } = await watched(rig());
      const [engine] = engines as [Engine];
      const some = (name: string, count: number, step: number) =>
        Promise.all(
          Array.from({ length: count }, (_, n) => publish(engine, user, { task: `${name}-${n}`, step })),
        );
      const kinds = async () => {
        const { running } = await engine.streams.open(user);
        const names = running.map(({ header }) => header.taskId?.split('-')[0] ?? '');
        return Object.fromEntries(
          [...new Set(names)].map((name) => [name, names.filter((n) => n === name).length]),
        );
      };
      await some('silent', 30, 5);
      await rig().age(200 * SECOND_MS, user);
      await some('old', 500, 5);
      await rig().age(150 * SECOND_MS, user);
      await some('ended', 70, 10);
      await some('new', MOST_TASKS - 600, 5);
      expect(await kinds()).toEqual({ old: 500, new: 400 });
      await some('next', 60, 5);
      expect(await kinds()).toEqual({ old: 500, new: 400, next: 60 });
      await some('last', 80, 5);
      const { old = 0, ...others } = await kinds();
      expect(others).toEqual({ new: 400, next: 60, last: 80 });
      expect(old).toBeLessThan(MOST_TASKS - 540);
      expect(old).toBeGreaterThanOrEqual(MOST_TASKS - 540 - 50);
      await publish(engine, user, { task: 'ended-0', step: 7 });
      expect(await kinds()).toMatchObject({ ended: 1 });
    }, 30_000);
  });

  test('G10: of updates that come at once over several engines, nobody sees one go backwards', async () => {
    const { engines, recorder, user } = await watched(rig(), 3);
    const list = Array.from({ length: 300 }, (_, n) => ({ step: 1 + ((n * 37) % 300), total: 400 }));
    await Promise.all(list.map((update, n) => publish(engines[n % 3] as Engine, user, update)));
    await recorder.caughtUp();
    const seen = stepsOf(recorder.of(user));
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(seen.at(-1)).toBe(300);
    await eventually(async () => expect((await engines[1]?.streams.open(user))?.running).toHaveLength(1));
  });
}
