import { describe, expect, it } from 'vitest';
import { Slots } from '../../../src/core/slots.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const clock = new ManualClock();

/** Tasks that run until they are let go, by name. */
function heldTasks() {
  const running: string[] = [];
  const ends = new Map<string, (fault?: Error) => void>();
  const task = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      running.push(name);
      ends.set(name, (fault) => {
        running.splice(running.indexOf(name), 1);
        if (fault === undefined) resolve(name);
        else reject(fault);
      });
    });
  return { running, task, end: (name: string, fault?: Error) => ends.get(name)?.(fault) };
}

describe('slots', () => {
  it('let so many tasks run at a time, and the others in the order they came', async () => {
    const { running, task, end } = heldTasks();
    const slots = new Slots(2);
    const results = ['a', 'b', 'c', 'd'].map((name) => slots.run(task(name)));
    await clock.settle();
    expect(running).toEqual(['a', 'b']);
    end('b');
    await clock.settle();
    expect(running).toEqual(['a', 'c']);
    end('a');
    await clock.settle();
    expect(running).toEqual(['c', 'd']);
    end('c');
    end('d');
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are free again after a task that failed, and give its error', async () => {
    const { running, task, end } = heldTasks();
    const slots = new Slots(1);
    const failing = slots.run(task('a'));
    const next = slots.run(task('b'));
    await clock.settle();
    end('a', new Error('no'));
    await expect(failing).rejects.toThrow('no');
    await clock.settle();
    expect(running).toEqual(['b']);
    end('b');
    expect(await next).toBe('b');
  });

  it('are not taken by a newcomer ahead of one that waits', async () => {
    const { running, task, end } = heldTasks();
    const slots = new Slots(1);
    for (const name of ['a', 'b']) void slots.run(task(name));
    await clock.settle();
    end('a');
    void slots.run(task('c'));
    await clock.settle();
    expect(running).toEqual(['b']);
  });
});
