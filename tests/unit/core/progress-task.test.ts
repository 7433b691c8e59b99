import { describe, expect, it } from 'vitest';
import { boardRig, recordOf, textOfFrame, WINDOW_MS } from '../../support/progress-records.ts';

describe('progress of one task', () => {
  it('is shown at once, then once a window, as the newest of so many', async () => {
    const { clock, board, news } = boardRig();
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
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    await clock.advance(WINDOW_MS + 1);
    one.receive(recordOf({ step: 2, update: 2 }));
    expect(news()).toEqual(['0 t-1 1 x1', '101 t-1 2 x1']);
  });

  it('at its end is never held back, and stands for what waited', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    for (let step = 1; step <= 10; step++) one.receive(recordOf({ step, update: step }));
    expect(news()).toEqual(['0 t-1 1 x1', '0 t-1 10 x9']);
    await clock.advance(10 * WINDOW_MS);
    expect(news()).toEqual([]);
  });

  it('that begins anew is shown at once, with what waited of the run before', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    one.receive(recordOf({ step: 5, update: 2 }));
    one.receive(recordOf({ run: 2, step: 0, update: 1 }));
    one.receive(recordOf({ run: 2, step: 1, update: 2 }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 1 x1', '0 t-1 0 x2', '100 t-1 1 x1']);
  });

  it('is calm in a storm of short runs, and still counts all of them', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    for (let run = 1; run <= 1_000; run++) one.receive(recordOf({ run, step: 1, total: 1, update: 1 }));
    await clock.advance(WINDOW_MS);
    const merged = news().map((line) => Number(line.split('x')[1]));
    expect(merged).toHaveLength(12);
    expect(merged.reduce((sum, count) => sum + count)).toBe(1_000);
  });

  it('whose last step comes again and again waits like any other', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 10, update: 1 }));
    for (let update = 2; update <= 50; update++) one.receive(recordOf({ step: 10, update }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 10 x1', '100 t-1 10 x49']);
  });

  it('counts updates whose hand-over was lost', async () => {
    const { clock, board, news } = boardRig();
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
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ run: 5, step: 5, update: 5 }));
    one.receive(recordOf({ run: 5, ...late }));
    await clock.advance(WINDOW_MS);
    one.receive(recordOf({ run: 5, ...late }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 5 x1']);
  });

  it('does not go by a hand-over that is overtaken by the end', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 10, update: 5 }));
    await clock.advance(9_000);
    one.receive(recordOf({ step: 9, update: 4 }));
    await clock.advance(WINDOW_MS);
    expect(news()).toEqual(['0 t-1 10 x1']);
  });

  it('goes on where a failover took the engine some updates back', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 5, update: 50 }));
    one.receive(recordOf({ step: 10, update: 40 }));
    // Or where it lost the run, and its clock is behind.
    await clock.advance(11_000);
    one.receive(recordOf({ run: 0, step: 2, update: 1 }));
    expect(news()).toEqual(['0 t-1 5 x1', '0 t-1 10 x1', '11000 t-1 2 x1']);
  });

  it('of a run that the engine lost is taken up again, once nothing can be late any more', async () => {
    const { clock, board, news } = boardRig();
    const one = board();
    one.receive(recordOf({ run: 5, step: 5, update: 50 }));
    await clock.advance(9_999);
    one.receive(recordOf({ run: 4, step: 6, update: 1 }));
    await clock.advance(1);
    one.receive(recordOf({ run: 4, step: 7, update: 2 }));
    expect(news()).toEqual(['0 t-1 5 x1', '10000 t-1 7 x2']);
  });

  it('is not shown where nobody says which update it is', () => {
    const { board, news } = boardRig();
    const { header, frame } = recordOf({ step: 1, update: 1 });
    const { progress: _, ...nameless } = header;
    board().receive({ header: nameless, frame });
    expect(news()).toEqual([]);
  });

  it('has one frame for all connections', () => {
    const { board, tasks } = boardRig();
    const one = board();
    one.receive(recordOf({ step: 1, update: 1 }));
    one.receive(recordOf({ step: 10, update: 5 }));
    const [task] = tasks;
    expect(task?.frame(4)).toBe(task?.frame(4));
    expect(textOfFrame(task?.frame(17))).toContain('"merged":17}}');
    expect(textOfFrame(task?.frame(1))).toContain('"merged":1}}');
  });
});
