import { describe, expect, it } from 'vitest';
import type { TaskProgress } from '../../../src/core/feed.ts';
import { MOST_TASKS } from '../../../src/core/limits.ts';
import { ProgressBoard } from '../../../src/core/progress-board.ts';
import { ProgressWindows } from '../../../src/core/progress-windows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordOf, textOfFrame } from '../../support/progress-records.ts';

const WINDOW_MS = 100;
const SILENCE_MS = 300_000;

type Shown = { at: number; task: string; step: number; merged: number };

function rig() {
  const clock = new ManualClock();
  const windows = new ProgressWindows(clock, WINDOW_MS);
  const shown: Shown[] = [];
  const tasks: TaskProgress[] = [];
  const board = (): ProgressBoard => {
    const created = new ProgressBoard({ clock, windows, silenceMs: SILENCE_MS });
    created.show = (task, merged) => {
      const { task_id, current_step, merged: told } = JSON.parse(textOfFrame(task.frame(merged))).payload;
      expect(told).toBe(merged);
      shown.push({ at: clock.elapsed(), task: task_id, step: current_step, merged });
      tasks.push(task);
    };
    return created;
  };
  /** What was shown since the last time, in short: `<ms> <task> <step> x<merged>`. */
  const news = (): string[] =>
    shown.splice(0).map(({ at, task, step, merged }) => `${at} ${task} ${step} x${merged}`);
  return { clock, board, news, tasks };
}

describe('progress of one task', () => {
  it('is shown at once, then once a window, as the newest of so many', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    expect(news()).toEqual(['0 t-1 1 x1']);
    for (let step = 2; step <= 12; step++) {
      await clock.advance(25);
      one.receive(recordOf({ step, update: step, total: 100 }));
    }
    await clock.advance(WINDOW_MS);
    // The update that comes at the end of a window comes behind it.
    expect(news()).toEqual(['100 t-1 4 x3', '200 t-1 8 x4', '300 t-1 12 x4']);
  });

  it('is shown at once again after a quiet window', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    await clock.advance(WINDOW_MS + 1);
    one.receive(recordOf({ step: 2, update: 2 }));
    expect(news()).toEqual(['0 t-1 1 x1', '101 t-1 2 x1']);
  });

  it('at its end is never held back, and stands for what waited', async () => {
    const { clock, board, news } = rig();
    const one = board();
    for (let step = 1; step <= 10; step++) one.receive(recordOf({ step, update: step }));
    expect(news()).toEqual(['0 t-1 1 x1', '0 t-1 10 x9']);
    await clock.advance(10 * WINDOW_MS);
    expect(news()).toEqual([]);
  });

  it('that begins anew is shown at once, with what waited of the run before', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    one.receive(recordOf({ step: 5, update: 2 }));
    one.receive(recordOf({ run: 2, step: 0, update: 1 }));
    one.receive(recordOf({ run: 2, step: 1, update: 2 }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 1 x1', '0 t-1 0 x2', '100 t-1 1 x1']);
  });

  it('is calm in a storm of short runs, and still counts all of them', async () => {
    const { clock, board, news } = rig();
    const one = board();
    for (let run = 1; run <= 1_000; run++) one.receive(recordOf({ run, step: 1, total: 1, update: 1 }));
    await clock.advance(WINDOW_MS);
    const merged = news().map((line) => Number(line.split('x')[1]));
    expect(merged).toHaveLength(12);
    expect(merged.reduce((sum, count) => sum + count)).toBe(1_000);
  });

  it('whose last step comes again and again waits like any other', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 10, update: 1 }));
    for (let update = 2; update <= 50; update++) one.receive(recordOf({ step: 10, update }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 10 x1', '100 t-1 10 x49']);
  });

  it('counts updates whose hand-over was lost', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    one.receive(recordOf({ step: 7, update: 6 }));
    one.receive(recordOf({ run: 2, step: 3, update: 4 }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 1 x1', '0 t-1 3 x9']);
  });

  it.each([
    ['doubled', { step: 5, update: 5 }],
    ['overtaken', { step: 4, update: 4 }],
    ['overtaken, of the same step', { step: 5, update: 4 }],
    ['of an earlier run', { run: 4, step: 10, update: 9 }],
  ])('does not go by a hand-over that is %s', async (_, late) => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ run: 5, step: 5, update: 5 }));
    one.receive(recordOf({ run: 5, ...late }));
    await clock.advance(WINDOW_MS);
    one.receive(recordOf({ run: 5, ...late }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 5 x1']);
  });

  it('does not go by a hand-over that is overtaken by the end', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 10, update: 5 }));
    await clock.advance(9_000);
    one.receive(recordOf({ step: 9, update: 4 }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 10 x1']);
  });

  it('goes on where a failover took the engine some updates back', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ step: 5, update: 50 }));
    one.receive(recordOf({ step: 10, update: 40 }));
    // Or where it lost the run, and its clock is behind.
    await clock.advance(11_000);
    one.receive(recordOf({ run: 0, step: 2, update: 1 }));
    expect(news()).toEqual(['0 t-1 5 x1', '0 t-1 10 x1', '11000 t-1 2 x1']);
  });

  it('of a run that the engine lost is taken up again, once nothing can be late any more', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ run: 5, step: 5, update: 50 }));
    await clock.advance(9_999);
    one.receive(recordOf({ run: 4, step: 6, update: 1 }));
    await clock.advance(1);
    one.receive(recordOf({ run: 4, step: 7, update: 2 }));
    expect(news()).toEqual(['0 t-1 5 x1', '10000 t-1 7 x2']);
  });

  it('is not shown where nobody says which update it is', () => {
    const { board, news } = rig();
    const { header, frame } = recordOf({ step: 1, update: 1 });
    const { progress: _, ...nameless } = header;
    board().receive({ header: nameless, frame });
    expect(news()).toEqual([]);
  });

  it('has one frame for all connections', () => {
    const { board, tasks } = rig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    one.receive(recordOf({ step: 10, update: 5 }));
    const [task] = tasks;
    expect(task?.frame(4)).toBe(task?.frame(4));
    expect(textOfFrame(task?.frame(17))).toContain('"merged":17}}');
    expect(textOfFrame(task?.frame(1))).toContain('"merged":1}}');
  });
});

describe('many tasks', () => {
  it('do not disturb each other, and share one timer', async () => {
    const { clock, board, news } = rig();
    const [one, other] = [board(), board()];
    one.receive(recordOf({ task: 'a', step: 1, update: 1 }));
    await clock.advance(30);
    other.receive(recordOf({ task: 'b', step: 1, update: 1 }));
    one.receive(recordOf({ task: 'a', step: 2, update: 2 }));
    await clock.advance(30);
    one.receive(recordOf({ task: 'c', step: 1, update: 1 }));
    other.receive(recordOf({ task: 'b', step: 3, update: 2 }));
    one.receive(recordOf({ task: 'c', step: 4, update: 2 }));
    expect(clock.timers).toBe(1);
    expect(news()).toEqual(['0 a 1 x1', '30 b 1 x1', '60 c 1 x1']);
    await clock.advance(60);
    expect(clock.timers).toBe(1);
    one.receive(recordOf({ task: 'a', step: 5, update: 3 }));
    await clock.advance(500);
    expect(news()).toEqual(['100 a 2 x1', '130 b 3 x1', '160 c 4 x1', '200 a 5 x1']);
    expect(clock.timers).toBe(0);
  });

  it('of one name under two agents are two', () => {
    const { board, news } = rig();
    const one = board();
    one.receive(recordOf({ agent: 'a-1', step: 5, update: 5 }));
    one.receive(recordOf({ agent: 'a-2', step: 1, update: 1 }));
    expect(news()).toEqual(['0 t-1 5 x1', '0 t-1 1 x1']);
  });

  it('cost by tasks and time, not by updates', async () => {
    const { clock, board, news } = rig();
    const one = board();
    let updates = 0;
    for (let tick = 0; tick < 50; tick++) {
      for (let task = 0; task < 20; task++) {
        for (let more = 0; more < 2; more++) {
          const update = tick * 2 + more + 1;
          one.receive(recordOf({ task: `t-${task}`, step: update, total: 1_000, update }));
          updates++;
        }
      }
      await clock.advance(20);
    }
    await clock.advance(WINDOW_MS);
    const lines = news();
    expect(lines.length).toBeLessThanOrEqual(20 * (1 + 1_000 / WINDOW_MS));
    expect(lines.reduce((sum, line) => sum + Number(line.split('x')[1]), 0)).toBe(updates);
  });

  it('after a stall of the event loop are shown where they are then', async () => {
    const { clock, board, news } = rig();
    const one = board();
    for (const task of ['a', 'b']) one.receive(recordOf({ task, step: 1, update: 1 }));
    for (const task of ['a', 'b']) one.receive(recordOf({ task, step: 2, update: 2 }));
    news();
    await clock.stall(5_000, () => one.receive(recordOf({ task: 'a', step: 3, update: 3 })));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['5000 a 2 x1', '5000 b 2 x1', '5100 a 3 x1']);
  });
});

describe('a board', () => {
  const names = (board: ProgressBoard): string[] =>
    [...board.running()].map((task) => JSON.parse(textOfFrame(task.frame(1))).payload.task_id);

  it('gives the tasks in the middle of a run, each as it is shown', async () => {
    const { clock, board } = rig();
    const one = board();
    expect(names(one)).toEqual([]);
    one.receive(recordOf({ task: 'a', step: 1, update: 1 }));
    one.receive(recordOf({ task: 'a', step: 2, update: 2 }));
    one.receive(recordOf({ task: 'over', step: 9, update: 1 }));
    one.receive(recordOf({ task: 'over', step: 10, update: 2 }));
    one.receive(recordOf({ task: 'again', step: 10, update: 2 }));
    one.receive(recordOf({ task: 'again', run: 2, step: 1, update: 1 }));
    expect(names(one)).toEqual(['a', 'again']);
    const [first] = one.running();
    expect(textOfFrame(first?.frame(1))).toContain('"current_step":1,');
    await clock.advance(WINDOW_MS);
    expect(textOfFrame(first?.frame(1))).toContain('"current_step":2,');
    expect(first?.header).toMatchObject({ agentId: 'a-1', projectId: null, eventType: 'PROGRESS_UPDATE' });
  });

  it('forgets what was silent for too long', async () => {
    const { clock, board, news } = rig();
    const one = board();
    one.receive(recordOf({ task: 'a', step: 5, update: 1 }));
    await clock.advance(SILENCE_MS - 1);
    one.receive(recordOf({ task: 'b', step: 5, update: 1 }));
    expect(names(one)).toEqual(['a', 'b']);
    await clock.advance(1);
    expect(names(one)).toEqual(['b']);
    news();
    one.receive(recordOf({ task: 'a', step: 2, update: 1 }));
    expect(news()).toEqual([`${SILENCE_MS} a 2 x1`]);
  });

  it('holds only so many: the ended go first, then the longest silent', () => {
    const { board } = rig();
    const one = board();
    const some = (name: string, count: number, step: number): void => {
      for (let n = 0; n < count; n++) one.receive(recordOf({ task: `${name}-${n}`, step, update: 1 }));
    };
    some('ended', 10, 10);
    some('old', 10, 5);
    some('busy', 1, 5);
    some('new', MOST_TASKS - 21, 5);
    one.receive(recordOf({ task: 'old-0', step: 6, update: 2 }));
    some('next', 10, 5);
    expect(names(one).filter((name) => name.startsWith('old'))).toHaveLength(10);
    some('last', 10, 5);
    expect(names(one)).toHaveLength(MOST_TASKS);
    expect(names(one).filter((name) => name.startsWith('old') || name === 'busy-0')).toEqual(['old-0']);
  });

  it('that is closed shows nothing more, and leaves no timer', async () => {
    const { clock, board, news } = rig();
    const [one, other] = [board(), board()];
    one.receive(recordOf({ step: 1, update: 1 }));
    other.receive(recordOf({ task: 'b', step: 1, update: 1 }));
    one.receive(recordOf({ step: 2, update: 2 }));
    news();
    one.close();
    expect(clock.timers).toBe(1);
    one.receive(recordOf({ step: 3, update: 3 }));
    other.receive(recordOf({ task: 'b', step: 2, update: 2 }));
    other.close();
    expect(clock.timers).toBe(0);
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual([]);
    expect(names(one)).toEqual([]);
  });

  it('can be closed by who is shown something', async () => {
    const { clock, board, news } = rig();
    const [one, other] = [board(), board()];
    for (const task of ['a', 'b']) one.receive(recordOf({ task, step: 1, update: 1 }));
    other.receive(recordOf({ task: 'c', step: 1, update: 1 }));
    for (const task of ['a', 'b']) one.receive(recordOf({ task, step: 2, update: 2 }));
    other.receive(recordOf({ task: 'c', step: 2, update: 2 }));
    news();
    const { show } = one;
    one.show = (task, merged) => {
      show(task, merged);
      one.close();
    };
    await clock.advance(3 * WINDOW_MS);
    expect(news()).toEqual(['100 a 2 x1', '100 c 2 x1']);
    expect(clock.timers).toBe(0);
  });
});
