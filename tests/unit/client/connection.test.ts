import { describe, expect, test } from 'vitest';
import type { StreamItem } from '../../../src/client/index.ts';
import { ClientRig } from '../../support/client-rig.ts';

const FILTERS = { agent_ids: ['a-1', 'a-2'] };

describe('connecting', () => {
  test('the token goes as a subprotocol, filters in the address', async () => {
    const rig = new ClientRig({ filters: FILTERS });
    const { url, protocols } = await rig.begin();
    expect(url.href).toBe('wss://example.com/ws/agents?agent_ids=a-1%2Ca-2');
    expect(protocols).toEqual(['bearer', 'to.ke.n']);
  });

  test('goes on from its position, with its epoch', async () => {
    const rig = new ClientRig();
    const first = await rig.live(3);
    first.event(4);
    first.over();
    await rig.clock.advance(250);
    expect(rig.socket.url.search).toBe('?last_sequence_id=4&epoch=A');
    expect(rig.connection.position).toEqual({ epoch: 'A', sequenceId: 4 });
  });

  test('a position can be given, or none but what comes from now on', async () => {
    const at = await new ClientRig({ resumeFrom: { epoch: 'E', sequenceId: 7 } }).begin();
    expect(at.url.search).toBe('?last_sequence_id=7&epoch=E');
    const rig = new ClientRig({ resumeFrom: 'latest' });
    const latest = await rig.begin();
    expect(latest.url.search).toBe('?last_sequence_id=latest');
    latest.greet({ sequence_id: 41 });
    expect(rig.connection.state).toBe('live');
    expect(rig.connection.position).toEqual({ epoch: 'A', sequenceId: 41 });
    latest.over();
    await rig.clock.advance(250);
    expect(rig.socket.url.search).toBe('?last_sequence_id=41&epoch=A');
  });

  test('waits with full jitter from the first retry on; a connection that held begins anew', async () => {
    const rig = new ClientRig();
    await rig.begin();
    for (const waitMs of [250, 500, 1_000]) {
      rig.socket.over();
      await rig.clock.advance(waitMs - 1);
      expect(rig.connection.state).toBe('waiting');
      expect(rig.states.at(-1)).toMatchObject({ retryInMs: waitMs });
      await rig.clock.advance(1);
      expect(rig.connection.state).toBe('connecting');
    }
    rig.socket.greetLive();
    await rig.clock.advance(6_000);
    rig.socket.over();
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', retryInMs: 250 });
  });

  test('a server that takes the connection and says nothing is given up', async () => {
    const rig = new ClientRig({ connectTimeoutMs: 3_000 });
    await rig.begin();
    await rig.clock.advance(3_000);
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', why: 'no connection within 3000 ms' });
    expect(rig.socket.closedWith).not.toBeNull();
  });
});

describe('the link', () => {
  test('answers PING with its position', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(3);
    socket.event(4);
    socket.say('PING');
    expect(socket.said).toEqual([{ type: 'PONG', payload: { last_sequence_id: 4 } }]);
  });

  test('is dead when nothing was heard for a heartbeat and its timeout', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    await rig.clock.advance(30_000);
    socket.say('PING');
    await rig.clock.advance(39_999);
    expect(rig.connection.state).toBe('live');
    await rig.clock.advance(1);
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', why: 'nothing was heard for 40000 ms' });
    socket.event(1);
    expect(rig.connection.counters.received).toBe(0);
  });

  test('SERVER_DRAINING: stays until its hint, leaves, and comes back at once from where it was', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    socket.say('SERVER_DRAINING', { reconnect_after_ms: 2_000, deadline_ms: 6_000 });
    await rig.clock.advance(1_999);
    socket.event(1);
    expect(socket.closedWith).toBeNull();
    await rig.clock.advance(1);
    expect(socket.closedWith).toBe(1000);
    socket.over(1000);
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(2);
    expect(rig.socket.url.search).toBe('?last_sequence_id=1&epoch=A');
    expect(rig.connection.counters.failures).toBe(0);
  });

  test('a goodbye that is not answered is waited for a second', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    socket.say('SERVER_DRAINING', { reconnect_after_ms: 0, deadline_ms: 6_000 });
    await rig.clock.advance(999);
    expect(rig.sockets).toHaveLength(1);
    await rig.clock.advance(1);
    expect(rig.sockets).toHaveLength(2);
  });
});

describe('the end', () => {
  test.each([4000, 4002, 1009])('%i is for good, and an error', async (code) => {
    const rig = new ClientRig();
    const reading = rig.connection[Symbol.asyncIterator]();
    (await rig.live()).over(code, 'why');
    expect(await rig.connection.ended).toMatchObject({ code: 'closed', closeCode: code });
    await expect(reading.next()).rejects.toMatchObject({ closeCode: code });
    await rig.clock.advance(100_000);
    expect(rig.sockets).toHaveLength(1);
    expect(rig.clock.timers).toBe(0);
  });

  test('close and abort leave nothing behind, at any time', async () => {
    const aborting = new AbortController();
    const rig = new ClientRig({ signal: aborting.signal });
    const socket = await rig.live();
    aborting.abort();
    expect(socket.closedWith).toBe(1000);
    expect(await rig.connection.ended).toBeNull();
    expect(rig.clock.timers).toBe(0);
    for await (const _ of rig.connection) throw new Error('wanted nothing');

    const waiting = new ClientRig();
    (await waiting.begin()).over();
    waiting.connection.close();
    await waiting.clock.advance(100_000);
    expect([waiting.connection.state, waiting.sockets.length, waiting.clock.timers]).toEqual([
      'closed',
      1,
      0,
    ]);
  });

  test('an aborted signal connects to nobody', async () => {
    const rig = new ClientRig({ signal: AbortSignal.abort() });
    await rig.clock.advance(1_000);
    expect([rig.connection.state, rig.sockets.length]).toEqual(['closed', 0]);
  });

  test('a listener may close it in the middle of a message', async () => {
    const rig = new ClientRig();
    const socket = await rig.begin();
    rig.connection.on('connected', () => rig.connection.close());
    socket.greetLive();
    expect(rig.connection.state).toBe('closed');
    expect(rig.clock.timers).toBe(0);

    const other = new ClientRig();
    const shedding = await other.live();
    other.connection.on('dropped', () => other.connection.close());
    const range = { from_sequence_id: 1, to_sequence_id: 1 };
    const dropped = { count: 1, by_priority: {}, reason: 'expired', recoverable: true, ...range };
    shedding.say('MESSAGES_DROPPED', dropped);
    expect(other.clock.timers).toBe(0);
  });
});

describe('what a dashboard hears', () => {
  test('events by type and all of them, gaps, states; for await gives events and gaps in order', async () => {
    const rig = new ClientRig();
    const heard: string[] = [];
    rig.connection.on('AGENT_STATUS_CHANGED', ({ payload }) => heard.push(`status ${payload.new_status}`));
    rig.connection.on('PROGRESS_UPDATE', ({ payload }) => heard.push(`progress ${payload.current_step}`));
    rig.connection.on('NOTE', ({ sequence_id, delivery }) => heard.push(`${sequence_id} ${delivery}`));
    const stop = rig.connection.on('event', ({ kind }) => heard.push(kind));
    const items: StreamItem[] = [];
    const reading = (async () => {
      for await (const item of rig.connection) items.push(item);
    })();
    const socket = await rig.live();
    socket.event(1);
    socket.say('AGENT_STATUS_CHANGED', { agent_id: 'a-1', old_status: 'idle', new_status: 'working' }, 2);
    stop();
    socket.say('PROGRESS_UPDATE', { agent_id: 'a-1', task_id: 't-1', current_step: 3 });
    const range = { from_sequence_id: 3, to_sequence_id: 4 };
    const dropped = { count: 2, by_priority: { low: 2 }, reason: 'buffer_full', ...range };
    socket.say('MESSAGES_DROPPED', { ...dropped, recoverable: false });
    socket.say('SOMETHING_NEW', {});
    rig.connection.close();
    await reading;
    expect(heard).toEqual(['1 live', 'other', 'status working', 'status', 'progress 3']);
    expect(items.map(({ kind }) => kind)).toEqual(['other', 'status', 'progress', 'gap']);
    expect(items.at(-1)).toEqual({ kind: 'gap', reason: 'buffer_full', epoch: 'A', ...range });
    expect(rig.states.map(({ state }) => state)).toEqual(['replaying', 'live', 'closed']);
    expect(rig.connection.counters).toMatchObject({
      received: 2,
      progress: 1,
      dropped: 2,
      gaps: 1,
      connects: 1,
    });
  });

  test('counters are told once a turn', async () => {
    const rig = new ClientRig();
    const socket = await rig.live();
    const told: number[] = [];
    rig.connection.on('counters', ({ received }) => told.push(received));
    for (let id = 1; id <= 5; id++) socket.event(id);
    await rig.clock.settle();
    expect(told).toEqual([5]);
  });
});
