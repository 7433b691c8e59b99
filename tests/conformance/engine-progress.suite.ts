import { describe, expect, test } from 'vitest';
import { MOST_TASKS } from '../../src/core/limits.ts';
import type { Appended, Engine, EventRecord } from '../../src/core/ports/engine.ts';
import { eventually, freshKey, freshUser, jsonOf, newEvent, Recorder } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const SECOND_MS = 1_000;

type Update = {
  readonly task?: string;
  readonly agent?: string;
  readonly step: number;
  readonly total?: number;
  readonly percent?: number;
  readonly message?: string;
};

const publish = (engine: Engine, user: string, update: Update): Promise<Appended> => {
  const { task = 't-1', agent = 'a-1', step, total = 10, percent, message } = update;
  const steps = { task_id: task, current_step: step, total_steps: total };
  const payload = { ...steps, progress_percent: percent, message };
  return engine.streams.append(
    newEvent(user, { event_type: 'PROGRESS_UPDATE', agent_id: agent, payload }),
    freshKey(),
  );
};

/** What dashboards see of an update. */
const shown = (record: EventRecord) => {
  const { task_id, current_step, progress_percent } = jsonOf(record).payload;
  return [task_id, current_step, progress_percent];
};

const estimateOf = (record: EventRecord | undefined) => jsonOf(record).payload.estimated_seconds_remaining;

export function progressSuite(rig: PresentRig): void {
  async function watched(count = 1): Promise<{ engines: Engine[]; recorder: Recorder; user: string }> {
    const engines: Engine[] = [];
    for (let n = 0; n < count; n++) engines.push(await rig().engine({ replayWindowMs: 300 * SECOND_MS }));
    const recorder = new Recorder(engines[0] as Engine);
    const user = freshUser();
    await engines[0]?.handover.subscribe(user);
    return { engines, recorder, user };
  }

  /** Publishes over all engines in turn; gives what was handed over. */
  async function handedOver(updates: readonly Update[], count = 2): Promise<EventRecord[]> {
    const { engines, recorder, user } = await watched(count);
    for (const [n, update] of updates.entries()) {
      const engine = engines[n % engines.length] as Engine;
      expect(await publish(engine, user, update)).toMatchObject({ sequenceId: null, duplicate: false });
    }
    await recorder.caughtUp();
    return recorder.of(user);
  }

  const steps = (...list: number[]): Update[] => list.map((step) => ({ step }));
  const stepsOf = (records: EventRecord[]): unknown[] =>
    records.map((record) => jsonOf(record).payload.current_step);

  describe('G10: an update', () => {
    test.each([
      ['in order', [1, 2, 3], [1, 2, 3]],
      ['that comes late is accepted and goes to nobody', [1, 3, 2, 4, 1], [1, 3, 4]],
      ['of the same step is handed over', [1, 2, 2, 2], [1, 2, 2, 2]],
      ['with step 0 begins a new run', [4, 5, 0, 1], [4, 5, 0, 1]],
      ['with step 0 again does not', [0, 0, 1], [0, 0, 1]],
      ['that comes late, after the end', [9, 10, 8, 2, 10], [9, 10, 10]],
      ['with step 1 after the end begins a new run', [9, 10, 1, 2], [9, 10, 1, 2]],
      ['with step 1 within a run comes late', [2, 1, 3], [2, 3]],
      ['with step 0 after the end begins a new run', [10, 0, 1], [10, 0, 1]],
    ])('%s', async (_, published, seen) => {
      expect(stepsOf(await handedOver(steps(...published)))).toEqual(seen);
    });

    test('tells its place: the run, counted updates, and steps', async () => {
      const records = await handedOver(steps(1, 3, 2, 3, 10, 1, 2));
      const places = records.map(({ header }) => header.progress);
      expect(places.map((place) => [place?.update, place?.step, place?.total])).toEqual([
        [1, 1, 10],
        [2, 3, 10],
        [3, 3, 10],
        [4, 10, 10],
        [1, 1, 10],
        [2, 2, 10],
      ]);
      const [first, , , last, next, second] = places.map((place) => place?.run ?? 0);
      expect(first).toBe(last);
      expect(next).toBe(second);
      expect(next).toBeGreaterThan(first ?? 0);
    });

    test('of another task, or of the same task of another agent, is another matter', async () => {
      const records = await handedOver([
        { step: 5 },
        { task: 't-2', step: 1 },
        { agent: 'a-2', step: 2 },
        { step: 4 },
      ]);
      expect(stepsOf(records)).toEqual([5, 1, 2]);
    });

    test("a run's percentage never goes down, a new run begins afresh", async () => {
      const records = await handedOver([
        { step: 1, percent: 40 },
        { step: 2 },
        { step: 5 },
        { step: 5, percent: 12.5 },
        { step: 6, percent: 60.25 },
        { step: 10 },
        { step: 1, total: 7 },
      ]);
      expect(records.map((record) => shown(record)[2])).toEqual([40, 40, 50, 50, 60.25, 100, 14.3]);
    });

    test('whose total changes goes on in its run', async () => {
      const records = await handedOver([
        { step: 5 },
        { step: 6, total: 20 },
        { step: 6, total: 6 },
        { step: 1, total: 6 },
      ]);
      expect(records.map((record) => shown(record).slice(1))).toEqual([
        [5, 50],
        [6, 50],
        [6, 100],
        [1, 16.7],
      ]);
    });

    test('that is seen again is answered as before and changes nothing', async () => {
      const { engines, recorder, user } = await watched();
      const [engine] = engines as [Engine];
      const key = freshKey();
      const event = newEvent(user, {
        event_type: 'PROGRESS_UPDATE',
        payload: { task_id: 't-1', current_step: 10, total_steps: 10 },
      });
      await engine.streams.append(event, key);
      expect(await engine.streams.append(event, key)).toMatchObject({ duplicate: true, sequenceId: null });
      await publish(engine, user, { step: 1 });
      await recorder.caughtUp();
      expect(stepsOf(recorder.of(user))).toEqual([10, 1]);
    });

    test('of very large and very small numbers is told exactly', async () => {
      const total = Number.MAX_SAFE_INTEGER;
      const records = await handedOver([
        { step: total - 1, total, percent: 1e-7 },
        { step: total, total, percent: 99.999_999 },
      ]);
      expect(records.map(({ header }) => header.progress?.step)).toEqual([total - 1, total]);
      expect(records.map((record) => jsonOf(record).payload.progress_percent)).toEqual([1e-7, 99.999_999]);
      expect(records.map(estimateOf)).toEqual([null, 0]);
    });
  });

  describe('G10: the estimate', () => {
    test('goes by the pace of the run, null before it means anything, 0 at the end', async () => {
      const { engines, recorder, user } = await watched(2);
      for (const step of [1, 2, 4, 5, 10]) {
        await publish(engines[step % 2] as Engine, user, { step });
        if (step < 10) await rig().age((step === 2 ? 2 : 1) * SECOND_MS, user);
      }
      await recorder.caughtUp();
      const [first, second, third, fourth, last] = recorder.of(user).map(estimateOf);
      expect([first, second, last]).toEqual([null, null, 0]);
      expect(third).toBeGreaterThan(5.9);
      expect(third).toBeLessThan(6.9);
      expect(fourth).toBeGreaterThan(4.9);
      expect(fourth).toBeLessThan(5.9);
    });

    test('is null for a burst, and of a new run goes by that alone', async () => {
      const { engines, recorder, user } = await watched();
      const [engine] = engines as [Engine];
      await Promise.all(steps(1, 2, 3).map((update) => publish(engine, user, update)));
      await rig().age(60 * SECOND_MS, user);
      await publish(engine, user, { step: 9 });
      await publish(engine, user, { step: 0 });
      for (const step of [1, 2, 3]) {
        await rig().age(SECOND_MS, user);
        await publish(engine, user, { step });
      }
      await recorder.caughtUp();
      const estimates = recorder.of(user).map(estimateOf);
      expect(estimates.slice(0, 3)).toEqual([null, null, null]);
      expect(estimates[3]).toBeGreaterThan(5);
      expect(estimates.slice(4, 6)).toEqual([null, null]);
      expect(estimates[6]).toBeGreaterThan(7.9);
      expect(estimates[6]).toBeLessThan(9);
    });
  });

  describe('G10: who opens a stream', () => {
    const running = async (engine: Engine, user: string) =>
      (await engine.streams.open(user)).running.map(shown).sort();

    test('is told of the newest of each task in the middle of a run, as it was handed over', async () => {
      const { engines, recorder, user } = await watched(2);
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
      const { engines, user } = await watched();
      const [engine] = engines as [Engine];
      await publish(engine, user, { task: 'quiet', step: 5 });
      await publish(engine, user, { task: 'busy', step: 5 });
      await rig().age(200 * SECOND_MS, user);
      await publish(engine, user, { task: 'busy', step: 6 });
      await rig().age(150 * SECOND_MS, user);
      expect(await running(engine, user)).toEqual([['busy', 6, 60]]);
    });

    test('reading and asking for ends leave them as they are', async () => {
      const { engines, user } = await watched();
      const [engine] = engines as [Engine];
      await publish(engine, user, { step: 5 });
      expect((await engine.streams.read(user, 0)).records).toEqual([]);
      await engine.streams.ends([user]);
      expect(await running(engine, user)).toEqual([['t-1', 5, 50]]);
    });
  });

  describe('G10: a task', () => {
    test('that was silent for longer than the window begins anew, whether it is alone or not', async () => {
      const { engines, recorder, user } = await watched();
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
      const { engines, recorder, user } = await watched();
      const [engine] = engines as [Engine];
      await publish(engine, user, { step: 10 });
      await rig().age(250 * SECOND_MS, user);
      await publish(engine, user, { step: 7 });
      await rig().age(100 * SECOND_MS, user);
      await publish(engine, user, { step: 8 });
      await recorder.caughtUp();
      expect(stepsOf(recorder.of(user))).toEqual([10, 8]);
    });

    test('gives way where there are too many: the silent and the ended first, then the oldest', async () => {
      const { engines, user } = await watched();
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
    const { engines, recorder, user } = await watched(3);
    const list = Array.from({ length: 300 }, (_, n) => ({ step: 1 + ((n * 37) % 300), total: 400 }));
    await Promise.all(list.map((update, n) => publish(engines[n % 3] as Engine, user, update)));
    await recorder.caughtUp();
    const seen = stepsOf(recorder.of(user)) as number[];
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(seen.at(-1)).toBe(300);
    await eventually(async () => expect((await engines[1]?.streams.open(user))?.running).toHaveLength(1));
  });
}
