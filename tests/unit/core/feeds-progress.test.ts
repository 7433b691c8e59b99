import { describe, expect, it } from 'vitest';
import type { Feed, TaskProgress } from '../../../src/core/feed.ts';
import type { EventHeader } from '../../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { feedsRig, WINDOW_MS } from './feeds-rig.ts';

describe('progress of a user', () => {
  const stepOf = ({ header }: TaskProgress) => (header as EventHeader).progress?.step;
  const running = (feed: Feed) => [...feed.running()].map(stepOf);

  /** What a connection of a feed is shown: step and merged updates. */
  function shownBy(feed: Feed): (number | undefined)[][] {
    const shown: (number | undefined)[][] = [];
    feed.receivers.add({
      receive: () => shown.push([]),
      check: () => {},
      progress: (task, merged) => shown.push([stepOf(task), merged]),
    });
    return shown;
  }

  it('is shown to every connection of the user, merged over the window', async () => {
    const { clock, feeds, publish } = feedsRig();
    const feed = await feeds.acquire('u-1');
    const all = [shownBy(feed), shownBy(feed)];
    for (const step of [1, 2, 3]) await publish('u-1', { step });
    await publish('u-2', { step: 1 });
    await clock.advance(WINDOW_MS);
    for (const shown of all) {
      expect(shown).toEqual([
        [1, 1],
        [3, 2],
      ]);
    }
    expect(running(feed)).toEqual([3]);
  });

  it.each(['subscribe', 'open'] as const)(
    'is known from before, and from while the feed was opened (%s)',
    async (what) => {
      const { clock, engine, feeds, publish } = feedsRig();
      await publish('u-1', { step: 5 });
      const release = engine.hold(what, 'answer');
      const acquired = feeds.acquire('u-1');
      await clock.settle();
      await publish('u-1', { step: 6 });
      release();
      const feed = await acquired;
      const shown = shownBy(feed);
      expect(running(feed)).toEqual([6]);
      await publish('u-1', { step: 7 });
      await clock.advance(WINDOW_MS);
      expect(running(feed)).toEqual([7]);
      expect(shown).toEqual([[7, 1]]);
    },
  );

  it('from before the feed is known by the engine', async () => {
    const { feeds, publish } = feedsRig();
    await publish('u-1', { step: 5 });
    expect(running(await feeds.acquire('u-1'))).toEqual([5]);
  });

  it('of a feed that is given back is forgotten, with its timer', async () => {
    const { clock, feeds, publish } = feedsRig();
    const idle = clock.timers;
    const feed = await feeds.acquire('u-1');
    const shown = shownBy(feed);
    await publish('u-1', { step: 1 });
    await publish('u-1', { step: 2 });
    expect(clock.timers).toBe(idle + 1);
    feeds.release('u-1');
    expect(clock.timers).toBe(idle);
    await clock.advance(WINDOW_MS);
    expect(shown).toEqual([[1, 1]]);
  });

  it('leaves nothing where a feed is given back, or fails, while it is opened', async () => {
    const { clock, engine, feeds, publish } = feedsRig();
    const idle = clock.timers;
    await publish('u-1', { step: 1 });
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    await publish('u-1', { step: 2 });
    feeds.release('u-1');
    release();
    await acquired;
    expect(clock.timers).toBe(idle);
    engine.losesAnswers = (what) => what === 'open';
    await expect(feeds.acquire('u-1')).rejects.toThrow(EngineUnavailable);
    expect(clock.timers).toBe(idle);
  });

  it('of which hand-overs were lost is caught up with, and what is known is not shown again', async () => {
    const { clock, memory, feeds, publish } = feedsRig();
    const feed = await feeds.acquire('u-1');
    const shown = shownBy(feed);
    await publish('u-1', { step: 1 });
    await clock.advance(WINDOW_MS);
    memory.handover.lose(() => true);
    for (const step of [2, 3, 4]) await publish('u-1', { step });
    for (let n = 0; n < 2; n++) feed.catchUp((await memory.streams.open('u-1')).running);
    await clock.advance(WINDOW_MS);
    expect(shown).toEqual([
      [1, 1],
      [4, 3],
    ]);
  });
});
