import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskState } from '../../../src/adapters/memory/progress.ts';
import { advanced, isOver, remainingMs } from '../../../src/adapters/memory/progress.ts';
import { ProgressBoard } from '../../../src/core/progress-board.ts';
import { ProgressWindows } from '../../../src/core/progress-windows.ts';
import type { Progress } from '../../../src/protocol/progress.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordOf } from '../../support/progress-records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const updates = fc.array(
  fc.record({
    step: fc.nat(12),
    total: fc.constantFrom(1, 4, 12),
    percent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
    passed: fc.constantFrom(0, 0, 1, 40, 100, 700, 20_000),
  }),
  { maxLength: 60 },
);

const progressOf = ({ step, total, percent }: { step: number; total: number; percent: number | null }) => {
  const done = Math.min(step, total);
  return { step: done, total, percent: percent ?? (done / total) * 100 } satisfies Progress;
};

describe('G10: where an update leads', () => {
  it('is never back within a run; a run begins at 0, or at 1 after the end', () => {
    fc.assert(
      fc.property(updates, (list) => {
        let state: TaskState | null = null;
        let now = 0;
        for (const update of list) {
          now += update.passed;
          const before: TaskState | null = state;
          const next = advanced(before, progressOf(update), now);
          if (next === null) {
            // Of an ended run, its last step of another total is no news either.
            const { step, total } = progressOf(update);
            const isOfTheEnd =
              before !== null && isOver(before) && step === before.step && total !== before.total;
            if (!isOfTheEnd) expect(before?.step).toBeGreaterThan(step);
            continue;
          }
          state = next;
          const remaining = remainingMs(next);
          if (remaining !== null) expect(remaining).toBeGreaterThanOrEqual(0);
          if (isOver(next)) expect(remaining).toBe(0);
          if (before === null || next.run !== before.run) {
            expect(next).toMatchObject({ ...progressOf(update), update: 1 });
            if (before === null) continue;
            expect(next.run).toBeGreaterThan(before.run);
            expect(next.step === 0 || (next.step === 1 && isOver(before))).toBe(true);
          } else {
            expect(next.step).toBeGreaterThanOrEqual(before.step);
            expect(next.percent).toBeGreaterThanOrEqual(before.percent);
            expect(next.update).toBe(before.update + 1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['in their order, some doubled', 0],
    ['late and out of order, some doubled', 3],
  ])('is shown as such where hand-overs come %s, each counted once', async (_, mostLate) => {
    const arrivals = fc.tuple(updates, fc.infiniteStream(fc.nat(mostLate)), fc.infiniteStream(fc.boolean()));
    await fc.assert(
      fc.asyncProperty(arrivals, async ([list, delays, doubled]) => {
        const clock = new ManualClock();
        const board = new ProgressBoard({ clock, windows: new ProgressWindows(clock, 100), silenceMs: 1e9 });
        const seen: { run: number; step: number; merged: number }[] = [];
        let newest = { run: 0, step: 0 };
        board.show = (task, merged) => {
          const { run, step } = task.header as unknown as { run: number; step: number };
          seen.push({ run, step, merged });
        };
        let state: TaskState | null = null;
        let handedOver = 0;
        for (const update of list) {
          const next = advanced(state, progressOf(update), clock.elapsed());
          if (next !== null) {
            state = next;
            handedOver++;
            newest = { run: next.run, step: next.step };
            const { header, frame } = recordOf({ ...next });
            const record = { header: { ...header, ...newest }, frame };
            const late = (delays.next().value ?? 0) * 60;
            if (late === 0) board.receive(record);
            else clock.after(late, () => board.receive(record));
            if (doubled.next().value) clock.after(late + 90, () => board.receive(record));
          }
          await clock.advance(Math.min(update.passed, 1_000));
        }
        await clock.advance(1_000);
        const told = seen.reduce((sum, { merged }) => sum + merged, 0);
        expect(told).toBeLessThanOrEqual(handedOver);
        if (mostLate === 0) expect(told).toBe(handedOver);
        for (const [index, { run, step, merged }] of seen.entries()) {
          expect(merged).toBeGreaterThan(0);
          const before = seen[index - 1];
          if (before?.run === run) expect(step).toBeGreaterThanOrEqual(before.step);
          else if (before !== undefined) expect(run).toBeGreaterThan(before.run);
        }
        if (handedOver > 0) expect(seen.at(-1)).toMatchObject(newest);
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

/** How long each step took until it was reported, in ms. */
type Work = (step: number) => number;

/** The estimates of a run of work that takes `stepMs` a step, after a third of it, and what they should be. */
function estimates(
  arrivedAt: Work,
  { stepMs, total, by = 1 }: { stepMs: number; total: number; by?: number },
) {
  const all: { estimate: number | null; truth: number }[] = [];
  let state: TaskState | null = null;
  let now = 0;
  for (let step = 0; step <= total; step += by) {
    now = Math.max(now, arrivedAt(step));
    state = advanced(state, { step, total, percent: 0 }, now);
    if (state === null) throw new Error('an update came late');
    if (step >= total / 3) all.push({ estimate: remainingMs(state), truth: (total - step) * stepMs });
  }
  return all;
}

const worst = (all: ReturnType<typeof estimates>): number =>
  Math.max(
    ...all.map(({ estimate, truth }) => {
      if (estimate === null) return Number.POSITIVE_INFINITY;
      return truth === 0 ? estimate : Math.abs(estimate - truth) / truth;
    }),
  );

describe('G10: the estimate', () => {
  const STEPS = [20, 100, 1_000, 15_000, 120_000];

  it.each(STEPS)('of steady work, %i ms a step, is right', (stepMs) => {
    for (const total of [30, 1_000]) {
      expect(worst(estimates((step) => step * stepMs, { stepMs, total }))).toBeLessThan(0.01);
    }
  });

  it.each(STEPS)(
    'of steps of %i ms that arrive up to 0.3 steps early or late is right within a fifth',
    (stepMs) => {
      for (let seed = 1; seed <= 50; seed++) {
        const random = seededRandom(seed);
        const jittered: Work = (step) => (step + (random.fraction() - 0.5) * 0.6) * stepMs;
        expect(worst(estimates(jittered, { stepMs, total: 60 }))).toBeLessThan(0.2);
      }
    },
  );

  it.each(STEPS)('of steps that take %i ms, three tenths more or less, is right within a fifth', (stepMs) => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      let at = 0;
      const uneven: Work = () => {
        at += (1 + (random.fraction() - 0.5) * 0.6) * stepMs;
        return at;
      };
      expect(worst(estimates(uneven, { stepMs, total: 100 }))).toBeLessThan(0.2);
    }
  });

  it('of work that is reported in bursts is right within 20 %', () => {
    const inBursts: Work = (step) => Math.ceil(step / 5) * 500;
    expect(worst(estimates(inBursts, { stepMs: 100, total: 300 }))).toBeLessThan(0.2);
  });

  it('of work that is reported every ten steps is right', () => {
    expect(worst(estimates((step) => step * 50, { stepMs: 50, total: 300, by: 10 }))).toBeLessThan(0.01);
  });

  it('follows work that gets slower', () => {
    const slower: Work = (step) => (step <= 100 ? step * 100 : 10_000 + (step - 100) * 400);
    const all = estimates(slower, { stepMs: 400, total: 600 });
    expect(worst(all.slice(150))).toBeLessThan(0.2);
  });

  it.each([
    ['two updates brought it further', [1, 1, 2], [1_150, 5_000, 5_001]],
    ['200 ms have passed', [1, 2, 3, 4], [1_050, 1_100, 1_199, 1_200]],
  ])('is null until %s', (_, reached, times) => {
    let state = advanced(null, { step: 0, total: 10, percent: 0 }, 1_000);
    const isKnown = times.map((now, index) => {
      state = advanced(state, { step: reached[index] ?? 0, total: 10, percent: 0 }, now);
      return state !== null && remainingMs(state) !== null;
    });
    expect(isKnown).toEqual(times.map((_, index) => index === times.length - 1));
  });
});
