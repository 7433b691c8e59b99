import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const starts = (socket: FakeSocket) => socket.of('REPLAY_START').map(({ payload }) => payload);

const LATEST = { query: 'last_sequence_id=latest' };

/** What was read, in short: event numbers, and the types of the other messages. */
const storyOf = (socket: FakeSocket) => socket.frames.map(({ type, sequence_id }) => sequence_id ?? type);

async function says(instance: TestInstance, socket: FakeSocket, message: unknown): Promise<void> {
  socket.says(message);
  await instance.clock.settle();
}

/** A client of an instance that takes one frame at a time; it has read CONNECTED. */
async function slowReader(instance: TestInstance, query = ''): Promise<FakeSocket> {
  const release = instance.engine.hold('read', 'answer');
  const socket = await instance.connect({ query });
  socket.block(NEARLY_FULL);
  release();
  await instance.clock.settle();
  return socket;
}

async function takes(instance: TestInstance, socket: FakeSocket, frames: number): Promise<void> {
  for (let left = frames; left > 0; left--) {
    socket.take();
    await instance.clock.settle();
  }
}

describe('REPLAY', () => {
  it('goes back, and on from there', async () => {
    const instance = aloneInstance();
    await instance.publishMany(4);
    const socket = await instance.connect(LATEST);
    await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 1 } });
    await instance.publish();
    expect(storyOf(socket)).toEqual(['CONNECTED', 'REPLAY_START', 2, 3, 4, 'REPLAY_END', 5]);
    expect(starts(socket)).toMatchObject([{ reason: 'requested', after_sequence_id: 1, complete: true }]);
  });

  it('during a replay takes its place', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    const socket = await slowReader(instance);
    await takes(instance, socket, 5);
    await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 20 } });
    socket.unblock();
    await instance.clock.settle();
    expect(storyOf(socket)).toEqual([
      'CONNECTED',
      'REPLAY_START',
      ...range(1, 10),
      'REPLAY_START',
      ...range(21, 25),
      'REPLAY_END',
    ]);
    expect(starts(socket).map(({ reason }) => reason)).toEqual(['connected', 'requested']);
    expect(socket.of('REPLAY_END').at(-1)?.payload).toEqual({ sequence_id: 25, delivered: 5 });
  });

  it('while a page is on its way takes nothing from it', async () => {
    const instance = aloneInstance();
    await instance.publishMany(12);
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 9 } });
    release();
    await instance.clock.settle();
    expect(storyOf(socket)).toEqual(['CONNECTED', 'REPLAY_START', 10, 11, 12, 'REPLAY_END']);
    expect(starts(socket)).toMatchObject([{ reason: 'requested', after_sequence_id: 9 }]);
  });

  it('of an epoch that is over names what cannot be known, and gives what there is', async () => {
    const instance = aloneInstance();
    await instance.publishMany(2);
    const socket = await instance.connect(LATEST);
    await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 1, epoch: 'long ago' } });
    expect(starts(socket)).toMatchObject([
      {
        reason: 'requested',
        after_sequence_id: 0,
        complete: false,
        missing: { from_sequence_id: 2, reason: 'epoch_changed' },
      },
    ]);
    expect(socket.sequenceIds).toEqual([1, 2]);
  });

  it('ahead of the stream does the same', async () => {
    const instance = aloneInstance();
    await instance.publishMany(2);
    const socket = await instance.connect(LATEST);
    await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 3 } });
    expect(starts(socket)).toMatchObject([{ missing: { from_sequence_id: 4, reason: 'epoch_changed' } }]);
    expect(socket.sequenceIds).toEqual([1, 2]);
  });

  it('again and again costs no more frames than one, while nothing is read', async () => {
    const instance = aloneInstance();
    await instance.publishMany(10);
    const socket = await slowReader(instance);
    const before = instance.engine.of('read').length;
    for (let n = 0; n < 100; n++)
      await says(instance, socket, { type: 'REPLAY', payload: { last_sequence_id: 0 } });
    expect(instance.engine.of('read').length).toBe(before);
    socket.unblock();
    await instance.clock.settle();
    expect(socket.of('REPLAY_START')).toHaveLength(2);
  });
});

describe('SUBSCRIBE', () => {
  it('puts other filters in force, in order with the events', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    await instance.publish({ agent_id: 'a-1' });
    await says(instance, socket, { type: 'SUBSCRIBE', payload: { agent_ids: ['a-2'] } });
    await instance.publish({ agent_id: 'a-1' });
    await instance.publish({ agent_id: 'a-2' });
    expect(storyOf(socket)).toEqual(['CONNECTED', 1, 'FILTERS_UPDATED', 3]);
    expect(socket.of('FILTERS_UPDATED')[0]?.payload).toEqual({
      filters: { agent_ids: ['a-2'], project_ids: null, event_types: null },
    });
  });

  it('with a position replays after it under the new filters', async () => {
    const instance = aloneInstance();
    for (const agent_id of ['a-1', 'a-2', 'a-1', 'a-2']) await instance.publish({ agent_id });
    const socket = await instance.connect({ query: 'last_sequence_id=latest&agent_ids=a-1' });
    await says(instance, socket, { type: 'SUBSCRIBE', payload: { agent_ids: ['a-2'], last_sequence_id: 0 } });
    expect(storyOf(socket)).toEqual(['CONNECTED', 'FILTERS_UPDATED', 'REPLAY_START', 2, 4, 'REPLAY_END']);
    expect(socket.of('REPLAY_END')[0]?.payload).toEqual({ sequence_id: 4, delivered: 2 });
  });

  it('in the middle of a replay holds from there on', async () => {
    const instance = aloneInstance();
    for (let n = 1; n <= 30; n++) await instance.publish({ agent_id: `a-${n % 2}` });
    const socket = await slowReader(instance);
    await takes(instance, socket, 5);
    await says(instance, socket, { type: 'SUBSCRIBE', payload: { agent_ids: ['a-0'] } });
    socket.unblock();
    await instance.clock.settle();
    const story = storyOf(socket);
    const change = story.indexOf('FILTERS_UPDATED');
    expect(story.slice(2, change)).toEqual(range(1, 10));
    expect(story.slice(change + 1)).toEqual([12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 'REPLAY_END']);
  });

  it('with wrong filters changes nothing', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect({ query: 'last_sequence_id=latest&agent_ids=a-1' });
    await says(instance, socket, { type: 'SUBSCRIBE', payload: { agent_ids: ['!'], last_sequence_id: 0 } });
    await instance.publish({ agent_id: 'a-1' });
    await instance.publish({ agent_id: 'a-2' });
    expect(storyOf(socket)).toEqual(['CONNECTED', 'ERROR', 1]);
    expect(socket.of('ERROR')[0]?.payload.code).toBe('invalid_filters');
    expect(socket.closedWith).toBeNull();
  });

  it('and UNSUBSCRIBE stand in the registry after the next refresh', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect({ query: 'agent_ids=a-1,a-2' });
    await says(instance, socket, { type: 'UNSUBSCRIBE', payload: { agent_ids: ['a-1'] } });
    await instance.clock.advance(20_000);
    expect(await instance.engine.registry.connectionsOf('u-1')).toMatchObject([
      { filters: { agent_ids: ['a-2'] } },
    ]);
    await instance.publish({ agent_id: 'a-1' });
    await instance.publish({ agent_id: 'a-2' });
    expect(socket.sequenceIds).toEqual([2]);
  });
});

describe('a client that reads slowly', () => {
  const CONFIG = { sendBufferSize: 20, pageEvents: 10 };

  it('has only so much waiting for it, and loses nothing (G6, G3)', async () => {
    const instance = aloneInstance(CONFIG);
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(200);
    // Nothing but what waits here and in the socket can come while the log is out of reach.
    const release = instance.engine.hold('read', 'answer');
    socket.unblock();
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual(range(1, 21));
    release();
    await instance.clock.settle();
    await instance.publish();
    expect(socket.sequenceIds).toEqual(range(1, 201));
    expect(socket.types).not.toContain('REPLAY_START');
  });

  it('is told what left the log before it could be read', async () => {
    const instance = aloneInstance({ ...CONFIG, maxReplayMessages: 50 });
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    await instance.publishMany(200);
    socket.unblock();
    await instance.clock.settle();
    expect(starts(socket)).toMatchObject([
      { reason: 'resync', missing: { from_sequence_id: 22, to_sequence_id: 150, reason: 'trimmed' } },
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
    expect(socket.of('REPLAY_END').map(({ payload }) => payload)).toEqual([
      { sequence_id: 30, delivered: 15 },
    ]);
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

  it('gets no ephemeral events while its buffer is full', async () => {
    const instance = aloneInstance(CONFIG);
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
    for (let n = 0; n < 100; n++) await instance.publish({ event_type: 'PROGRESS_UPDATE', payload });
    socket.unblock();
    await instance.clock.settle();
    expect(socket.of('PROGRESS_UPDATE')).toHaveLength(21);
  });
});

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
    await instance.memory.streams.append(
      { ...noteOf(instance), userId: 'u-1' },
      { service: 'worker', id: 'elsewhere', item: 0 },
    );
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

/** An event as an instance elsewhere would append it. */
function noteOf({ clock }: TestInstance) {
  const frame = {
    head: `{"type":"NOTE","timestamp":"${new Date(clock.now()).toISOString()}","sequence_id":`,
    tail: ',"payload":{}}',
  };
  return {
    eventType: 'NOTE',
    agentId: 'a-1',
    projectId: null,
    taskId: null,
    priority: 'normal' as const,
    ephemeral: false,
    frame,
  };
}
