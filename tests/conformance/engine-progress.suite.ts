import { describe, expect, test } from 'vitest';
import type { Engine, EventRecord } from '../../src/core/ports/engine.ts';
import { freshKey, jsonOf, newEvent } from '../support/engine-events.ts';
import type { Update } from '../support/engine-progress.ts';
import { estimateOf, publish, shown, steps, stepsOf, watched } from '../support/engine-progress.ts';
import type { PresentRig } from './engine.suite.ts';

const SECOND_MS = 1_000;

export function progressSuite(rig: PresentRig): void {
  /** Publishes over all engines in turn; gives what was handed over. */
  async function handedOver(updates: readonly Update[], count = 2): Promise<EventRecord[]> {
    const { engines, recorder, user } = await watched(rig(), count);
    for (const [n, update] of updates.entries()) {
      const engine = engines[n % engines.length] as Engine;
      expect(await publish(engine, user, update)).toMatchObject({ sequenceId: null, duplicate: false });
    }
    await recorder.caughtUp();
    return recorder.of(user);
  }

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
      const records = await handedOver(steps(1, 3, 2, 3, 10, 1, 2, 0, 0));
      const places = records.map(({ header }) => header.progress);
      expect(places.map((place) => [place?.update, place?.step, place?.total])).toEqual([
        [1, 1, 10],
        [2, 3, 10],
        [3, 3, 10],
        [4, 10, 10],
        [1, 1, 10],
        [2, 2, 10],
        [1, 0, 10],
        [2, 0, 10],
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
      const { engines, recorder, user } = await watched(rig());
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
      const { engines, recorder, user } = await watched(rig(), 2);
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

    test('is null in the first 200 ms of a run', async () => {
      const { engines, recorder, user } = await watched(rig());
      const [engine] = engines as [Engine];
      const start = performance.now();
      for (const step of [1, 2, 3]) {
        await publish(engine, user, { step });
        await rig().age(1, user);
      }
      const isQuick = performance.now() - start < 190;
      await recorder.caughtUp();
      // On a machine that took longer it may be known by then.
      expect(recorder.of(user).map(estimateOf)).toEqual([null, null, isQuick ? null : expect.anything()]);
    });

    test('is null for a burst, and of a new run goes by that alone', async () => {
      const { engines, recorder, user } = await watched(rig());
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
}
