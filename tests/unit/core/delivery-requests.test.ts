import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';
import { ends, LATEST, range, slowReader, starts, storyOf, takes } from './delivery-rig.ts';

async function says(instance: TestInstance, socket: FakeSocket, message: unknown): Promise<void> {
  socket.says(message);
  await instance.clock.settle();
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
    expect(ends(socket).at(-1)).toEqual({ sequence_id: 25, delivered: 5 });
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
    expect(ends(socket)[0]).toEqual({ sequence_id: 4, delivered: 2 });
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
