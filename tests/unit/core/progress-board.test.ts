import { describe, expect, it } from 'vitest';
import { MOST_TASKS } from '../../../src/core/limits.ts';
import type { ProgressBoard } from '../../../src/core/progress-board.ts';
import { boardRig, recordOf, SILENCE_MS, textOfFrame, WINDOW_MS } from '../../support/progress-records.ts';

describe('many tasks', () => {
  it('do not disturb each other, and share one timer', async () => {
    const { clock, board, news } = boardRig();
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
    const { board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ agent: 'a-1', step: 5, update: 5 }));
    one.receive(recordOf({ agent: 'a-2', step: 1, update: 1 }));
    expect(news()).toEqual(['0 t-1 5 x1', '0 t-1 1 x1']);
  });

  it('cost by tasks and time, not by updates', async () => {
    const { clock, board, news } = boardRig();
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
    const { clock, board, news } = boardRig();
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
    const { clock, board } = boardRig();
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
    const { clock, board, news } = boardRig();
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
    const { board } = boardRig();
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
    const { clock, board, news } = boardRig();
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
    const { clock, board, news } = boardRig();
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
