import { describe, expect, it } from 'vitest';
import { aloneInstance } from '../../support/test-instance.ts';
import { newNote, range, slowReader, starts, storyOf, takes } from './delivery-rig.ts';

describe('while the engine is away', () => {
  it('a replay stands still, and goes on where it was', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    const socket = await slowReader(instance);
    await takes(instance, socket, 3);
    instance.engine.isAway = true;
    socket.unblock();
    await instance.clock.advance(5_000);
    expect(socket.sequenceIds).toEqual(range(1, 10));
    expect(socket.closedWith).toBeNull();
    instance.engine.isAway = false;
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds).toEqual(range(1, 25));
    expect(storyOf(socket).at(-1)).toBe('REPLAY_END');
    expect(starts(socket)).toHaveLength(1);
  });

  it('a live connection keeps its place', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    instance.engine.isAway = true;
    instance.memory.handover.lose(() => true);
    await instance.memory.streams.append(newNote(instance.clock), {
      service: 'worker',
      id: 'elsewhere',
      item: 0,
    });
    await instance.clock.advance(5_000);
    expect(socket.sequenceIds).toEqual([]);
    instance.engine.isAway = false;
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds).toEqual([1]);
  });

  it('a client may go, and nothing goes on for it', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    instance.engine.isAway = true;
    const release = instance.engine.hold('read', 'question');
    instance.engine.isAway = false;
    const socket = await instance.connect();
    socket.leave();
    release();
    await instance.clock.advance(10_000);
    expect(instance.engine.of('read')).toHaveLength(1);
    expect(instance.core.feeds.size).toBe(0);
  });

  it('a fault of our own closes with 4200, so that the client comes back', async () => {
    const instance = aloneInstance();
    instance.engine.questionMs = (what) => {
      if (what === 'read') throw new TypeError('a fault of our own');
      return 0;
    };
    const socket = await instance.connect();
    expect(socket.closedWith).toEqual({ code: 4200, reason: 'resync_required' });
    expect(instance.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'delivery failed' }),
    );
  });
});

describe('in a reconnect storm', () => {
  it('the same page of the log is read once for all who wait for it', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    const release = instance.engine.hold('read', 'question');
    const sockets = await Promise.all(Array.from({ length: 15 }, () => instance.connect()));
    release();
    await instance.clock.settle();
    for (const socket of sockets) expect(socket.sequenceIds).toEqual(range(1, 25));
    expect(instance.engine.of('read')).toEqual([0, 10, 20].map((after) => ({ userId: 'u-1', after })));
  });

  it('a page that was asked for before an event came is not the end for who heard of it', async () => {
    const instance = aloneInstance();
    await instance.publishMany(3);
    const release = instance.engine.hold('read', 'answer');
    const first = await instance.connect();
    await instance.publish();
    const second = await instance.connect();
    release();
    await instance.clock.settle();
    expect(first.sequenceIds).toEqual([1, 2, 3, 4]);
    expect(second.sequenceIds).toEqual([1, 2, 3, 4]);
  });

  it('only so many pages are read at a time', async () => {
    const instance = aloneInstance({ connectRatePerAddress: 0 });
    let running = 0;
    let most = 0;
    const { read } = instance.memory.streams;
    instance.memory.streams.read = async (...args) => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => instance.clock.after(10, resolve));
      running--;
      return read.apply(instance.memory.streams, args);
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => instance.connect({ user: `u-${n}` })));
    await instance.clock.advance(100);
    expect(most).toBe(64);
    expect(instance.engine.of('read')).toHaveLength(200);
  });
});
