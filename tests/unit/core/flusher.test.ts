import { describe, expect, it } from 'vitest';
import { Flusher } from '../../../src/core/flusher.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function rig() {
  const clock = new ManualClock();
  const flushed: string[] = [];
  const item = (name: string) => ({ flush: () => void flushed.push(name) });
  return { clock, flushed, item, flusher: new Flusher(clock) };
}

describe('a flusher', () => {
  it('flushes at the end of the turn what was touched in it, each once', async () => {
    const { clock, flushed, item, flusher } = rig();
    const [a, b] = [item('a'), item('b')];
    for (const one of [a, b, a, a]) flusher.add(one);
    expect(flushed).toEqual([]);
    await clock.settle();
    expect(flushed).toEqual(['a', 'b']);
  });

  it('does nothing in a turn that touched nothing', async () => {
    const { clock, flushed, item, flusher } = rig();
    flusher.add(item('a'));
    await clock.settle();
    await clock.settle();
    expect(flushed).toEqual(['a']);
  });

  it('flushes in the next turn what a flush touches', async () => {
    const { clock, flushed, flusher, item } = rig();
    const late = item('late');
    const first = {
      flush: () => {
        flushed.push('first');
        flusher.add(late);
      },
    };
    flusher.add(first);
    await clock.settle();
    expect(flushed).toEqual(['first', 'late']);
    flusher.add(late);
    await clock.settle();
    expect(flushed).toEqual(['first', 'late', 'late']);
  });
});
