import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance, TestCluster } from '../../support/test-instance.ts';

const LATEST = { query: 'last_sequence_id=latest' };

/** Publishes while the subscriber link loses everything. */
async function publishUnheard(instance: TestInstance, count: number): Promise<void> {
  instance.memory.handover.lose(() => true);
  await instance.publishMany(count);
  instance.memory.handover.lose(null);
}

describe('reconciling', () => {
  it('repairs a lost last hand-over on a quiet stream, without a word (G4)', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await publishUnheard(instance, 3);
    await instance.clock.advance(1_999);
    expect(socket.sequenceIds).toEqual([]);
    await instance.clock.advance(1);
    expect(socket.sequenceIds).toEqual([1, 2, 3]);
    expect(socket.types).not.toContain('REPLAY_START');
  });

  it('asks about all streams at once, and reads no log where nothing is missing', async () => {
    const instance = aloneInstance();
    for (const user of ['u-1', 'u-2', 'u-3']) await instance.connect({ user, ...LATEST });
    await instance.publish();
    await instance.clock.advance(10_000);
    expect(instance.engine.of('ends')).toEqual(Array.from({ length: 5 }, () => ['u-1', 'u-2', 'u-3']));
    expect(instance.engine.of('read')).toEqual([]);
  });

  it('takes no harm from an answer that events have overtaken', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await instance.publish();
    const release = instance.engine.hold('ends', 'answer');
    await instance.clock.advance(2_000);
    await instance.publish();
    release();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2]);
    expect(instance.engine.of('read')).toEqual([]);
    expect(socket.types).not.toContain('REPLAY_START');
  });

  it('takes no harm from an answer of an epoch that is over', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await instance.publishMany(2);
    const release = instance.engine.hold('ends', 'answer');
    await instance.clock.advance(2_000);
    instance.store.flush();
    await instance.publish({ payload: { isNew: true } });
    const before = [...socket.types];
    release();
    await instance.clock.settle();
    expect(socket.types).toEqual(before);
    expect(before.slice(-3)).toEqual(['REPLAY_START', 'NOTE', 'REPLAY_END']);
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1, 2, 1, 2]);
  });

  it('asks again only when it was answered', async () => {
    const instance = aloneInstance();
    await instance.connect(LATEST);
    const release = instance.engine.hold('ends', 'answer');
    await instance.clock.advance(20_000);
    expect(instance.engine.of('ends')).toHaveLength(1);
    release();
    await instance.clock.advance(2_000);
    expect(instance.engine.of('ends')).toHaveLength(2);
  });

  it('tells of a stream that was lost, quiet as it may be', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await instance.publishMany(2);
    instance.store.flush();
    await instance.clock.advance(2_000);
    expect(socket.of('REPLAY_START').map(({ payload }) => payload)).toMatchObject([
      { reason: 'resync', missing: { from_sequence_id: 3, reason: 'epoch_changed' } },
    ]);
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1, 2, 1]);
    await instance.clock.advance(10_000);
    expect(socket.of('REPLAY_START')).toHaveLength(1);
  });

  it('stays quiet while the engine is away, and goes on when it is back', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await publishUnheard(instance, 1);
    instance.engine.isAway = true;
    await instance.clock.advance(10_000);
    expect(instance.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    instance.engine.isAway = false;
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds).toEqual([1]);
  });

  it('logs a fault of our own, and goes on', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await publishUnheard(instance, 1);
    let faults = 1;
    instance.engine.questionMs = (what) => {
      if (what === 'ends' && faults-- > 0) throw new TypeError('a fault of our own');
      return 0;
    };
    await instance.clock.advance(2_000);
    expect(instance.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'reconciling failed' }),
    );
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds).toEqual([1]);
  });
});

describe('after an interruption of the link', () => {
  it('every stream is opened and caught up with at once', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await publishUnheard(instance, 3);
    instance.memory.handover.interrupt();
    expect(instance.core.reconciler.isCaughtUp).toBe(false);
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2, 3]);
    expect(instance.core.reconciler.isCaughtUp).toBe(true);
  });

  it('running tasks are caught up with', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    const payload = { task_id: 't-1', current_step: 3, total_steps: 10 };
    instance.memory.handover.lose(() => true);
    await instance.publish({ event_type: 'PROGRESS_UPDATE', payload });
    instance.memory.handover.lose(null);
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    expect(socket.of('PROGRESS_UPDATE')).toMatchObject([{ payload: { current_step: 3 } }]);
  });

  it('it is not ready until every stream was checked', async () => {
    const instance = aloneInstance();
    await instance.connect(LATEST);
    await instance.clock.advance(1_000);
    expect(instance.core.routes.unreadiness()).toEqual([]);
    const release = instance.engine.hold('open', 'answer');
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    expect(instance.core.routes.unreadiness()).toEqual(['streams are being checked after an interruption']);
    release();
    await instance.clock.settle();
    expect(instance.core.routes.unreadiness()).toEqual([]);
  });

  it('another during the check has everything checked again', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    const release = instance.engine.hold('open', 'answer');
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    await publishUnheard(instance, 2);
    instance.memory.handover.interrupt();
    release();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2]);
    expect(instance.core.reconciler.isCaughtUp).toBe(true);
  });

  it('a connection whose page was on its way meanwhile looks again', async () => {
    const instance = aloneInstance({ reconcileIntervalMs: 3_600_000 });
    await instance.publish();
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    await publishUnheard(instance, 1);
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    release();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2]);
  });

  it('one that cannot be opened keeps no other from repair, nor the instance from being ready', async () => {
    const instance = aloneInstance();
    const sockets = await Promise.all(['u-1', 'u-2'].map((user) => instance.connect({ user, ...LATEST })));
    const { open } = instance.engine.streams;
    instance.engine.streams.open = (userId) =>
      userId === 'u-2' ? Promise.reject(new EngineUnavailable('its master is away')) : open(userId);
    await publishUnheard(instance, 2);
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    expect(sockets[0]?.sequenceIds).toEqual([1, 2]);
    expect(instance.core.reconciler.isCaughtUp).toBe(true);
  });

  it('is tried again until the engine answers', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await publishUnheard(instance, 1);
    instance.engine.isAway = true;
    instance.memory.handover.interrupt();
    await instance.clock.advance(5_000);
    expect(instance.core.reconciler.isCaughtUp).toBe(false);
    instance.engine.isAway = false;
    await instance.clock.advance(2_000);
    expect(instance.core.reconciler.isCaughtUp).toBe(true);
    expect(socket.sequenceIds).toEqual([1]);
  });
});

describe('on two instances', () => {
  it('each repairs what it lost itself', async () => {
    const cluster = new TestCluster();
    const [one, other] = [cluster.instance('i-1'), cluster.instance('i-2')];
    const sockets = [await one.connect(LATEST), await other.connect(LATEST)];
    other.memory.handover.lose(() => true);
    await one.publishMany(2);
    expect(sockets.map(({ sequenceIds }) => sequenceIds)).toEqual([[1, 2], []]);
    await cluster.clock.advance(2_000);
    expect(sockets.map(({ sequenceIds }) => sequenceIds)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
