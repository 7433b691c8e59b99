import { describe, expect, test } from 'vitest';
import { ClientRig } from '../../support/client-rig.ts';
import type { FakeWebSocket } from '../../support/fake-web-socket.ts';

const drop = (socket: FakeWebSocket, from: number, to: number) =>
  socket.say('MESSAGES_DROPPED', {
    count: to - from + 1,
    by_priority: {},
    reason: 'rate_limited',
    from_sequence_id: from,
    to_sequence_id: to,
    recoverable: true,
  });

const replays = ({ said }: FakeWebSocket) => said.filter(({ type }) => type === 'REPLAY');
const filters = (agent: string) => ({ agent_ids: [agent], project_ids: null, event_types: null });

describe('what was shed', () => {
  test('is asked for once it is calm, and comes late, marked', async () => {
    const rig = new ClientRig({ recoverAfterMs: 1_000 });
    const heard: string[] = [];
    rig.connection.on('NOTE', ({ sequence_id, delivery }) => heard.push(`${sequence_id} ${delivery}`));
    const socket = await rig.live(10);
    drop(socket, 11, 12);
    socket.event(13);
    await rig.clock.advance(500);
    drop(socket, 14, 14);
    socket.event(15);
    await rig.clock.advance(749);
    expect(replays(socket)).toEqual([]);
    await rig.clock.advance(1);
    expect(replays(socket)).toEqual([{ type: 'REPLAY', payload: { last_sequence_id: 10, epoch: 'A' } }]);

    const start = { reason: 'requested', epoch: 'A', after_sequence_id: 10, complete: true, missing: null };
    socket.say('REPLAY_START', start);
    expect(rig.connection.state).toBe('replaying');
    for (let id = 11; id <= 16; id++) socket.event(id);
    socket.say('REPLAY_END', { sequence_id: 16, delivered: 6 });
    expect(heard).toEqual([
      '13 live',
      '15 live',
      '11 recovered',
      '12 recovered',
      '14 recovered',
      '16 replayed',
    ]);
    expect(rig.connection.counters).toMatchObject({ dropped: 3, recovered: 3, duplicates: 2, gaps: 0 });
    await rig.clock.advance(20_000);
    expect(replays(socket)).toHaveLength(1);
  });

  test('what the window has no more is a gap, and is not asked for again', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(10);
    drop(socket, 11, 12);
    socket.event(13);
    await rig.clock.advance(1_000);
    const missing = { from_sequence_id: 11, to_sequence_id: 12, reason: 'trimmed' };
    const start = { reason: 'requested', epoch: 'A', after_sequence_id: 10, complete: false, missing };
    const gaps: unknown[] = [];
    rig.connection.on('gap', (gap) => gaps.push(gap));
    socket.say('REPLAY_START', start);
    socket.event(13);
    socket.say('REPLAY_END', { sequence_id: 13, delivered: 1 });
    expect(gaps).toEqual([{ kind: 'gap', epoch: 'A', ...missing }]);
    await rig.clock.advance(20_000);
    expect(replays(socket)).toHaveLength(1);
    expect(rig.connection.position).toEqual({ epoch: 'A', sequenceId: 13 });
  });

  test('a cut before that is no loss: the next connection resumes before it', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(10);
    drop(socket, 11, 12);
    socket.event(13);
    socket.over();
    await rig.clock.advance(250);
    expect(rig.socket.url.search).toBe('?last_sequence_id=10&epoch=A');
    rig.socket.greet();
    await rig.clock.advance(20_000);
    expect(replays(rig.socket)).toEqual([]);
  });

  test('nothing is asked for of a life that ended meanwhile', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(10);
    drop(socket, 11, 12);
    const missing = { from_sequence_id: 11, to_sequence_id: 1_000_010, reason: 'epoch_changed' };
    socket.say('REPLAY_START', {
      reason: 'resync',
      epoch: 'B',
      after_sequence_id: 0,
      complete: false,
      missing,
    });
    socket.say('REPLAY_END', { sequence_id: 0, delivered: 0 });
    await rig.clock.advance(20_000);
    expect(replays(socket)).toEqual([]);
    expect(rig.connection.position).toEqual({ epoch: 'B', sequenceId: 0 });
  });

  test('rate_limited: asked again after the wait', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(10);
    drop(socket, 11, 12);
    await rig.clock.advance(1_000);
    socket.say('ERROR', { code: 'rate_limited', message: '', retry_after_ms: 400 });
    await rig.clock.advance(399);
    expect(replays(socket)).toHaveLength(1);
    await rig.clock.advance(1);
    expect(replays(socket)).toHaveLength(2);
  });
});

describe('subscribe', () => {
  const subscriptions = ({ said }: FakeWebSocket) => said.filter(({ type }) => type === 'SUBSCRIBE');

  test('is sent, and goes into the next address', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    rig.connection.subscribe({ agent_ids: ['a-9'] });
    expect(subscriptions(socket)).toEqual([{ type: 'SUBSCRIBE', payload: filters('a-9') }]);
    socket.over();
    await rig.clock.advance(250);
    expect(rig.socket.url.searchParams.get('agent_ids')).toBe('a-9');
    rig.socket.greetLive();
    expect(subscriptions(rig.socket)).toEqual([]);
  });

  test('while connecting, it is said as soon as the server has greeted', async () => {
    const rig = new ClientRig();
    const socket = await rig.begin();
    rig.connection.subscribe({ agent_ids: ['a-9'] });
    socket.greet();
    expect(subscriptions(socket)).toEqual([{ type: 'SUBSCRIBE', payload: filters('a-9') }]);
  });

  test('however often it is called, the server is asked one after the other, at most eight times a second', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    for (let at = 0; at < 1_000; at += 10) {
      rig.connection.subscribe({ agent_ids: [`a-${at}`] });
      await rig.clock.advance(10);
      if (subscriptions(socket).length > 0) socket.say('FILTERS_UPDATED', { filters: filters('x') });
    }
    await rig.clock.advance(1_000);
    expect(subscriptions(socket).length).toBeLessThanOrEqual(9);
    expect(subscriptions(socket).at(-1)?.payload).toEqual(filters('a-990'));
  });

  test('filters that the server does not take leave the old ones in force', async () => {
    const rig = new ClientRig({ filters: { agent_ids: ['a-1'] } });
    const socket = await rig.begin();
    socket.greet({ filters: filters('a-1') });
    socket.replay(0, 0);
    rig.connection.subscribe({ agent_ids: ['a-2'] });
    const refused: string[] = [];
    rig.connection.on('refused', ({ code }) => refused.push(code));
    socket.say('ERROR', { code: 'invalid_filters', message: 'no' });
    expect(refused).toEqual(['invalid_filters']);
    expect(rig.connection.filters).toEqual(filters('a-1'));
  });
});
