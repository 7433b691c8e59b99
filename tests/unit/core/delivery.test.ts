import { describe, expect, it } from 'vitest';
import { UNKNOWN_END_SPAN } from '../../../src/core/replay-plan.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';
import { ends, LATEST, newNote, range, starts } from './delivery-rig.ts';

describe('a connection', () => {
  it('to an empty stream is told so, and is live', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    expect(socket.types).toEqual(['CONNECTED', 'REPLAY_START', 'REPLAY_END']);
    expect(starts(socket)).toMatchObject([
      { reason: 'connected', after_sequence_id: 0, complete: true, missing: null },
    ]);
    expect(ends(socket)).toEqual([{ sequence_id: 0, delivered: 0 }]);
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1]);
  });

  it('gets the whole window page by page, and then what comes', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    const socket = await instance.connect();
    expect(ends(socket)).toEqual([{ sequence_id: 25, delivered: 25 }]);
    await instance.publishMany(3);
    expect(socket.sequenceIds).toEqual(range(1, 28));
    expect(socket.types.indexOf('REPLAY_END')).toBe(socket.types.length - 4);
    expect(instance.engine.of('read')).toHaveLength(3);
  });

  it('gets large events in pages of fewer', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await instance.publishMany(9, { payload: { fill: 'x'.repeat(30_000) } });
    const late = await instance.connect();
    expect(late.sequenceIds).toEqual(range(1, 9));
    expect(instance.engine.of('read').length).toBeGreaterThan(3);
    expect(late.texts.filter((text) => text.includes('NOTE'))).toEqual(socket.texts.slice(1));
  });

  it('resumes after its position, and names what has expired', async () => {
    const instance = aloneInstance();
    await instance.publishMany(4);
    await instance.clock.advance(200_000);
    await instance.publishMany(4);
    const socket = await instance.connect({ query: 'last_sequence_id=5' });
    expect(socket.sequenceIds).toEqual([6, 7, 8]);
    await instance.clock.advance(100_000);
    const late = await instance.connect({ query: 'last_sequence_id=2' });
    expect(starts(late)).toMatchObject([
      {
        after_sequence_id: 2,
        complete: false,
        missing: { from_sequence_id: 3, to_sequence_id: 4, reason: 'expired' },
      },
    ]);
    expect(late.sequenceIds).toEqual([5, 6, 7, 8]);
  });

  it('at the latest gets no replay, and everything from now on', async () => {
    const instance = aloneInstance();
    await instance.publishMany(5);
    const socket = await instance.connect(LATEST);
    expect(socket.types).toEqual(['CONNECTED']);
    expect(socket.frames[0]?.payload.sequence_id).toBe(5);
    await instance.publishMany(2);
    expect(socket.sequenceIds).toEqual([6, 7]);
  });

  it('never gets the events of another user (G5)', async () => {
    const instance = aloneInstance();
    await instance.publishMany(3, { user_id: 'u-2' });
    const socket = await instance.connect({ user: 'u-1' });
    await instance.publishMany(3, { user_id: 'u-2' });
    expect(socket.types).toEqual(['CONNECTED', 'REPLAY_START', 'REPLAY_END']);
  });

  it('gets ephemeral events while it is live, without a sequence_id', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
    await instance.publish({ event_type: 'PROGRESS_UPDATE', payload });
    expect(socket.types).toEqual(['CONNECTED', 'PROGRESS_UPDATE']);
    expect(socket.frames[1]).not.toHaveProperty('sequence_id');
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1]);
  });
});

describe('between replay and live nothing is lost or doubled', () => {
  it.each([
    ['before the subscription was acknowledged', 'subscribe', 'answer'],
    ['before the tail was asked for', 'open', 'question'],
    ['while the tail was on its way', 'open', 'answer'],
    ['before the page was read', 'read', 'question'],
    ['while the page was on its way', 'read', 'answer'],
  ] as const)('an event that comes %s', async (_, what, direction) => {
    const instance = aloneInstance();
    await instance.publishMany(3);
    const release = instance.engine.hold(what, direction);
    const connecting = instance.connect();
    await instance.clock.settle();
    await instance.publish();
    release();
    const socket = await connecting;
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1, 2, 3, 4, 5]);
    expect(socket.types.filter((type) => type !== 'NOTE')).toEqual([
      'CONNECTED',
      'REPLAY_START',
      'REPLAY_END',
    ]);
  });

  it('nor with latest, from what CONNECTED says on', async () => {
    for (const what of ['subscribe', 'open'] as const) {
      const instance = aloneInstance();
      await instance.publishMany(3);
      const release = instance.engine.hold(what, 'answer');
      const connecting = instance.connect(LATEST);
      await instance.clock.settle();
      await instance.publish();
      release();
      const socket = await connecting;
      await instance.publish();
      const after = Number(socket.frames[0]?.payload.sequence_id);
      expect(after).toBeGreaterThanOrEqual(3);
      expect(socket.sequenceIds).toEqual(range(after + 1, 5));
    }
  });

  it('when the stream goes on all the while that it reads', async () => {
    const instance = aloneInstance();
    await instance.publishMany(15);
    instance.engine.answerMs = (what) => (what === 'read' ? 10 : 0);
    const socket = await instance.connect();
    for (let n = 0; n < 20; n++) {
      await instance.publish();
      await instance.clock.advance(5);
    }
    await instance.clock.advance(20);
    expect(socket.sequenceIds).toEqual(range(1, 35));
    expect(starts(socket)).toHaveLength(1);
  });

  it('when hand-overs come twice, or late', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    instance.engine.doubles = () => 50;
    await instance.publishMany(5);
    await instance.clock.advance(100);
    expect(socket.sequenceIds).toEqual(range(1, 5));
  });

  it('when an old hand-over comes again during the read, behind a new one', async () => {
    const instance = aloneInstance({ reconcileIntervalMs: 3_600_000 });
    await instance.publishMany(3);
    instance.engine.doubles = ({ header }) => (header.position?.sequenceId === 4 ? 10 : null);
    await instance.connect(LATEST);
    await instance.publish();
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    await instance.publish();
    await instance.clock.advance(10);
    release();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2, 3, 4, 5]);
  });

  it('when the stream starts anew, and the one before had gone further than its numbers will', async () => {
    const instance = aloneInstance();
    await instance.publish();
    const stream = instance.store.streams.get('u-1');
    if (stream !== undefined) Object.assign(stream, { newest: 500_000, log: [] });
    await instance.publish();
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect({ query: 'last_sequence_id=900000' });
    const releaseNext = instance.engine.hold('read', 'question');
    release();
    await instance.clock.settle();
    instance.store.flush();
    await instance.publish();
    releaseNext();
    await instance.clock.settle();
    expect(starts(socket)).toMatchObject([
      { reason: 'connected', missing: { from_sequence_id: 1, to_sequence_id: 900_000 + UNKNOWN_END_SPAN } },
      {
        reason: 'resync',
        missing: { from_sequence_id: 1, to_sequence_id: UNKNOWN_END_SPAN, reason: 'epoch_changed' },
      },
    ]);
    expect(socket.sequenceIds).toEqual([1]);
  });

  it('when the stream starts anew during the read', async () => {
    const instance = aloneInstance({ reconcileIntervalMs: 3_600_000 });
    await instance.publishMany(3);
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    instance.store.flush();
    await instance.publish({ payload: { isNew: true } });
    release();
    await instance.clock.settle();
    expect(socket.frames.at(-2)).toMatchObject({ sequence_id: 1, payload: { isNew: true } });
    expect(starts(socket).at(-1)).toMatchObject({ complete: false, missing: { reason: 'epoch_changed' } });
  });
});

describe('a gap that shows in the very moment in which a replay ends', () => {
  it.each(range(0, 8))('is filled, %d steps after it', async (steps) => {
    const instance = aloneInstance({ reconcileIntervalMs: 3_600_000 });
    await instance.publish();
    const socket = new FakeSocket();
    socket.onFrame = ({ type }) => {
      if (type === 'REPLAY_END') void openGap(instance, steps);
    };
    await instance.connect({}, socket);
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1, 2, 3]);
  });

  /** Publishes two events, of which only the second is heard of, that many steps of the promises' queue from now. */
  async function openGap({ memory, clock }: TestInstance, steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await null;
    for (const id of ['lost', 'heard']) {
      memory.handover.lose(() => id === 'lost');
      void memory.streams.append(newNote(clock), { service: 'worker', id, item: 0 });
    }
  }
});

describe('a lost hand-over', () => {
  it('is repaired without a word by the next one', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    instance.memory.handover.lose(() => true);
    await instance.publishMany(3);
    instance.memory.handover.lose(null);
    expect(socket.sequenceIds).toEqual([]);
    await instance.publish();
    expect(socket.sequenceIds).toEqual([1, 2, 3, 4]);
    expect(socket.types).not.toContain('REPLAY_START');
  });

  it('that left the log meanwhile is named', async () => {
    const instance = aloneInstance({ maxReplayMessages: 2 });
    const socket = await instance.connect(LATEST);
    instance.memory.handover.lose(() => true);
    await instance.publishMany(3);
    instance.memory.handover.lose(null);
    await instance.publish();
    expect(starts(socket)).toMatchObject([
      {
        reason: 'resync',
        after_sequence_id: 0,
        missing: { from_sequence_id: 1, to_sequence_id: 2, reason: 'trimmed' },
      },
    ]);
    expect(socket.sequenceIds).toEqual([3, 4]);
    expect(ends(socket)).toEqual([{ sequence_id: 4, delivered: 2 }]);
  });
});
