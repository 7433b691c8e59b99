import { describe, expect, it } from 'vitest';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import { aloneInstance } from '../../support/test-instance.ts';
import { ends, LATEST, range, slowReader, starts, takes } from './delivery-rig.ts';

describe('a client that reads slowly', () => {
  const CONFIG = { sendBufferSize: 20, pageEvents: 10 };

  it('has only so much waiting for it, is told of the rest, and can have it (G6, G3)', async () => {
    const instance = aloneInstance(CONFIG);
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(200);
    socket.unblock();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual(range(1, 21));
    const dropped = { count: 179, reason: 'buffer_full', from_sequence_id: 22, to_sequence_id: 200 };
    expect(socket.frames.at(-1)).toMatchObject({ type: 'MESSAGES_DROPPED', payload: dropped });
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 21 } });
    await instance.clock.settle();
    await instance.publish();
    expect(socket.sequenceIds).toEqual(range(1, 201));
  });

  it('is told what left the log before it asked for it', async () => {
    const instance = aloneInstance({ ...CONFIG, maxReplayMessages: 50 });
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(200);
    socket.unblock();
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 21 } });
    await instance.clock.settle();
    expect(starts(socket)).toMatchObject([
      { reason: 'requested', missing: { from_sequence_id: 22, to_sequence_id: 150, reason: 'trimmed' } },
    ]);
    expect(socket.sequenceIds).toEqual([...range(1, 21), ...range(151, 200)]);
  });

  it('is told of every part that expires in the course of one replay', async () => {
    const instance = aloneInstance({ ...CONFIG, replayWindowMs: 60_000 });
    await instance.publishMany(15);
    await instance.clock.advance(30_000);
    await instance.publishMany(15);
    const socket = await slowReader(instance);
    await takes(instance, socket, 3);
    await instance.clock.advance(31_000);
    socket.unblock();
    await instance.clock.settle();
    expect(starts(socket)).toMatchObject([
      { reason: 'connected', complete: true },
      {
        reason: 'resync',
        after_sequence_id: 10,
        missing: { from_sequence_id: 11, to_sequence_id: 15, reason: 'expired' },
      },
    ]);
    expect(socket.sequenceIds).toEqual([...range(1, 10), ...range(16, 30)]);
    expect(ends(socket)).toEqual([{ sequence_id: 30, delivered: 15 }]);
  });

  it('is told of a stream that was lost twice in the course of one replay', async () => {
    const instance = aloneInstance(CONFIG);
    await instance.publishMany(15);
    const socket = await slowReader(instance);
    for (let life = 2; life <= 3; life++) {
      instance.store.flush();
      await instance.publishMany(2, { payload: { life } });
      await takes(instance, socket, 12);
    }
    socket.unblock();
    await instance.clock.settle();
    const last = starts(socket).at(-1);
    expect(new Set(starts(socket).map(({ epoch }) => epoch)).size).toBe(3);
    expect(last).toMatchObject({ after_sequence_id: 0, missing: { reason: 'epoch_changed' } });
    expect(socket.frames.slice(-3)).toMatchObject([
      { sequence_id: 1, payload: { life: 3 } },
      { sequence_id: 2, payload: { life: 3 } },
      { type: 'REPLAY_END' },
    ]);
  });

  it('is told what expired of a stream that had begun anew, though its numbers seem to have been named', async () => {
    const instance = aloneInstance({ ...CONFIG, replayWindowMs: 60_000 });
    const socket = await instance.connect();
    await instance.publish();
    instance.store.flush();
    socket.block(NEARLY_FULL);
    await instance.publish();
    await instance.clock.advance(61_000);
    socket.unblock();
    await instance.clock.settle();
    expect(starts(socket)).toMatchObject([
      { reason: 'connected', complete: true },
      {
        reason: 'resync',
        missing: { from_sequence_id: 2, to_sequence_id: 1_000_001, reason: 'epoch_changed' },
      },
      { reason: 'resync', missing: { from_sequence_id: 1, to_sequence_id: 1, reason: 'expired' } },
    ]);
    expect(ends(socket).at(-1)).toEqual({ sequence_id: 1, delivered: 0 });
  });

  it('costs its neighbours nothing', async () => {
    const instance = aloneInstance(CONFIG);
    const slow = await instance.connect(LATEST);
    slow.block(NEARLY_FULL);
    const quick = await instance.connect(LATEST);
    await instance.publishMany(100);
    expect(quick.sequenceIds).toEqual(range(1, 100));
    expect(instance.engine.of('read')).toHaveLength(0);
    slow.leave(false);
    await instance.clock.settle();
    expect(instance.core.connections.size).toBe(1);
  });
});
