import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { feedsRig } from './feeds-rig.ts';

describe('the feed of a user', () => {
  it('is one for all connections, subscribed for as long as there is one', async () => {
    const { engine, feeds, isSubscribed } = feedsRig();
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
    const { feeds, isSubscribed } = feedsRig();
    const one = await feeds.acquire('u-1');
    expect(await feeds.acquire('u-2')).not.toBe(one);
    feeds.release('u-1');
    expect([isSubscribed('u-1'), isSubscribed('u-2')]).toEqual([false, true]);
  });

  it('subscribes before it asks where the stream ends', async () => {
    const { clock, engine, feeds } = feedsRig();
    const release = engine.hold('subscribe', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    expect(engine.asked.map(({ what }) => what)).toEqual(['subscribe']);
    release();
    await acquired;
    expect(engine.asked.map(({ what }) => what)).toEqual(['subscribe', 'open']);
  });

  it('knows of what came while the end was on its way', async () => {
    const { clock, engine, feeds, publish } = feedsRig();
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    await publish();
    await publish();
    release();
    expect((await acquired).end.sequenceId).toBe(2);
  });

  it('an ephemeral event that comes behind it does not make that forgotten', async () => {
    const { clock, engine, feeds, publish } = feedsRig();
    const release = engine.hold('open', 'answer');
    const acquired = feeds.acquire('u-1');
    await clock.settle();
    await publish();
    await publish('u-1', { step: 1 });
    release();
    expect((await acquired).end.sequenceId).toBe(1);
  });

  it('is not there, and hears nothing, before it is up', async () => {
    const { clock, engine, feeds } = feedsRig();
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
    const { feeds, publish } = feedsRig();
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

describe('where acquiring and giving back overlap', () => {
  it('a user that comes while the last one goes is subscribed', async () => {
    const { feeds, heard, publish, isSubscribed } = feedsRig();
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
    const { clock, engine, feeds, isSubscribed } = feedsRig();
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
    const { feeds, isSubscribed } = feedsRig();
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
      const { engine, feeds, isSubscribed } = feedsRig();
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
    const { clock, memory, feeds, log } = feedsRig();
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
