import { describe, expect, it } from 'vitest';
import { createMemoryEngine } from '../../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../../src/adapters/memory/store.ts';
import type { Feed, TaskProgress } from '../../../src/core/feed.ts';
import { Feeds } from '../../../src/core/feeds.ts';
import type { EventHeader, EventRecord } from '../../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { FaultyEngine } from '../../support/faulty-engine.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { DEFAULTS, recordingLog } from '../../support/test-instance.ts';

const WINDOW_MS = 100;

function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const memory = createMemoryEngine({ ...DEFAULTS, clock, random: seededRandom() }, store);
  const engine = new FaultyEngine(memory, clock);
  const log = recordingLog();
  const feeds = new Feeds(engine, log, { ...DEFAULTS, clock, progressWindowMs: WINDOW_MS });
  const heard: EventRecord[] = [];
  engine.handover.listen({
    received: (userId, record) => {
      heard.push(record);
      feeds.receive(userId, record);
    },
    interrupted: () => {},
  });
  let published = 0;
  const publish = async (userId = 'u-1', { step = 0 } = {}) => {
    const frame = { head: '{"type":"NOTE","sequence_id":', tail: ',"payload":{}}' };
    const event = {
      userId,
      agentId: 'a-1',
      projectId: null,
      eventType: 'NOTE',
      taskId: step > 0 ? 't-1' : null,
      priority: 'normal' as const,
    };
    const key = { service: 'worker', id: `m-${++published}`, item: 0 };
    const progress = step > 0 ? { step, total: 100, percent: step } : null;
    await memory.streams.append({ ...event, progress, frame }, key);
  };
  const isSubscribed = (userId = 'u-1') => store.subscriptions.has(userId);
  return { clock, memory, engine, log, feeds, heard, publish, isSubscribed };
}

describe('the feed of a user', () => {
  it('is one for all connections, subscribed for as long as there is one', async () => {
    const { engine, feeds, isSubscribed } = rig();
    const [one, other] = await Promise.all([feeds.acquire('u-1'), feeds.acquire('u-1')]);
    expect(one).toBe(other);
    expect(engine.of('subscribe')).toEqual(['u-1']);
    feeds.release('u-1');
    expect(isSubscribed()).toBe(true);
    expect(feeds.all()).toEqual([one]);
    feeds.release('u-1');
    expect(isSubscribed()).toBe(false);
    expect(feeds.size).toBe(0);
  });

  it('is another for another user', async () => {
    const { feeds, isSubscribed } = rig();
    const one = await feeds.acquire('u-1');
    expect(await feeds.acquire('u-2')).not.toBe(one);
    feeds.release('u-1');
    expect([isSubscribed('u-1'), isSubscribed('u-2')]).toEqual([false, true]);
  });

  it('subscribes before it asks where the stream ends', async () => {
    const { clock, engine, feeds } = rig();
    const release = engine.hold('subscribe', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    expect(engine.asked.map(({ what }) => what)).toEqual(['subscribe']);
    release();
    await acquired;
    expect(engine.asked.map(({ what }) => what)).toEqual(['subscribe', 'open']);
  });

  it('knows of what came while the end was on its way', async () => {
    const { clock, engine, feeds, publish } = rig();
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    await publish();
    await publish();
    release();
    expect((await acquired).end.sequenceId).toBe(2);
  });

  it('an ephemeral event that comes behind it does not make that forgotten', async () => {
    const { clock, engine, feeds, publish } = rig();
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    await publish();
    await publish('u-1', { step: 1 });
    release();
    expect((await acquired).end.sequenceId).toBe(1);
  });

  it('is not there, and hears nothing, before it is up', async () => {
    const { clock, engine, feeds } = rig();
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    expect(feeds.all()).toEqual([]);
    expect(feeds.size).toBe(1);
    release();
    const feed = await acquired;
    expect(feeds.all()).toEqual([feed]);
  });

  it('hands every event to every connection, and none after it was given back', async () => {
    const { feeds, publish } = rig();
    const feed = await feeds.acquire('u-1');
    const got: (number | undefined)[][] = [[], []];
    for (const list of got) {
      feed.receivers.add({
        receive: ({ header }) => void list.push(header.position?.sequenceId),
        check: () => {},
        progress: () => {},
      });
    }
    await publish();
    await publish('u-2');
    await publish();
    feeds.release('u-1');
    await publish();
    expect(got).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('progress', () => {
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
    const { clock, feeds, publish } = rig();
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
      const { clock, engine, feeds, publish } = rig();
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

  it('of a feed that is given back is forgotten, with its timer', async () => {
    const { clock, feeds, publish } = rig();
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
    const { clock, engine, feeds, publish } = rig();
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
    const { clock, memory, feeds, publish } = rig();
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

describe('where acquiring and giving back overlap', () => {
  it('a user that comes while the last one goes is subscribed', async () => {
    const { feeds, heard, publish, isSubscribed } = rig();
    const first = await feeds.acquire('u-1');
    feeds.release('u-1');
    const second = await feeds.acquire('u-1');
    expect(second).not.toBe(first);
    expect(isSubscribed()).toBe(true);
    await publish();
    expect(heard).toHaveLength(1);
    expect(second.end.sequenceId).toBe(1);
  });

  it('one that gave back while others still wait leaves them their feed', async () => {
    const { clock, engine, feeds, isSubscribed } = rig();
    const release = engine.hold('subscribe', 'answer');
    const [one, other] = [feeds.acquire('u-1'), feeds.acquire('u-1')];
    await clock.settle();
    release();
    await one;
    feeds.release('u-1');
    expect(await other).toBe(await one);
    expect(isSubscribed()).toBe(true);
    feeds.release('u-1');
    expect(isSubscribed()).toBe(false);
  });

  it('giving back more than was taken harms nobody', async () => {
    const { feeds, isSubscribed } = rig();
    feeds.release('u-1');
    await feeds.acquire('u-1');
    feeds.release('u-1');
    feeds.release('u-1');
    await feeds.acquire('u-1');
    expect(isSubscribed()).toBe(true);
    expect(feeds.size).toBe(1);
  });
});

describe('where subscribing fails', () => {
  it.each(['subscribe', 'open'] as const)(
    'at %s, everybody who waits is told, and nothing is left',
    async (what) => {
      const { engine, feeds, isSubscribed } = rig();
      engine.losesAnswers = (asked) => asked === what;
      const acquired = await Promise.allSettled([feeds.acquire('u-1'), feeds.acquire('u-1')]);
      for (const result of acquired) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(EngineUnavailable) });
      }
      expect(feeds.size).toBe(0);
      expect(isSubscribed()).toBe(false);
      engine.losesAnswers = () => false;
      expect((await feeds.acquire('u-1')).userId).toBe('u-1');
      expect(isSubscribed()).toBe(true);
    },
  );

  it('an unsubscribing that fails is logged', async () => {
    const { clock, memory, feeds, log } = rig();
    await feeds.acquire('u-1');
    memory.handover.unsubscribe = () => Promise.reject(new EngineUnavailable('gone'));
    feeds.release('u-1');
    await clock.settle();
    expect(log.lines).toMatchObject([
      { level: 'warn', message: 'unsubscribing failed', fields: { user_id: 'u-1' } },
    ]);
    expect(feeds.size).toBe(0);
  });
});
