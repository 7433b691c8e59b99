import { describe, expect, test } from 'vitest';
import type { StreamItem } from '../../../src/client/index.ts';
import { eventsDropped, startedLive } from '../../../src/client/stream.ts';
import { ClientRig } from '../../support/client-rig.ts';

const START = { reason: 'requested', epoch: 'A', after_sequence_id: 3, complete: true, missing: null };
const DROPPED = { count: 1, by_priority: {}, reason: 'expired', recoverable: true };

describe('a message that cannot be reckoned with ends the connection, and loses nothing', () => {
  test.each([
    ['REPLAY_START', {}],
    ['REPLAY_START', { ...START, missing: undefined }],
    ['REPLAY_START', { ...START, missing: { from_sequence_id: '1', to_sequence_id: 2 } }],
    ['REPLAY_START', { ...START, after_sequence_id: 2 ** 60 }],
    ['REPLAY_END', { sequence_id: -1 }],
    ['FILTERS_UPDATED', {}],
    ['MESSAGES_DROPPED', { ...DROPPED, from_sequence_id: 9, to_sequence_id: 4 }],
    ['MESSAGES_DROPPED', { ...DROPPED, from_sequence_id: null, to_sequence_id: 4 }],
    ['SERVER_DRAINING', { reconnect_after_ms: 'soon' }],
    ['TOKEN_EXPIRING', {}],
    ['ERROR', { code: 'rate_limited', message: '', retry_after_ms: 'x' }],
    // Twice, it would begin the stream anew.
    [
      'CONNECTED',
      { epoch: 'A', sequence_id: 70, heartbeat_interval_ms: 1, heartbeat_timeout_ms: 1, filters: {} },
    ],
  ])('%s %j', async (type, payload) => {
    const rig = new ClientRig();
    const socket = await rig.live(3);
    socket.event(4);
    socket.say(type, payload);
    const why = `got a ${type} that is not as the protocol has it`;
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', why });
    socket.event(9);
    await rig.clock.advance(250);
    expect(rig.socket.url.search).toBe('?last_sequence_id=4&epoch=A');
  });

  test.each([-1, 0, 1.5, 2 ** 60, '7'])('an event with the number %s', async (sequenceId) => {
    const rig = new ClientRig();
    const socket = await rig.live(3);
    socket.say('NOTE', { agent_id: 'a-1' }, sequenceId as number);
    expect(rig.connection.state).toBe('waiting');
    expect(rig.connection.counters.received).toBe(0);
  });

  test('CONNECTED without what it has to say, or something before it: it is tried again, with backoff', async () => {
    const rig = new ClientRig();
    for (const waitMs of [250, 500, 1_000]) {
      await rig.begin();
      if (waitMs === 500) rig.socket.event(1);
      else rig.socket.greet({ heartbeat_interval_ms: 'x' });
      expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', retryInMs: waitMs });
      await rig.clock.advance(waitMs);
    }
    expect(rig.connection.counters.connects).toBe(0);
  });

  test('what is new to this client is passed over: types, fields, frames that are no messages', async () => {
    const rig = new ClientRig();
    const socket = await rig.live(3);
    for (const type of ['NEW_THING', 'constructor', '__proto__', 'toString']) socket.say(type, { x: 1 });
    socket.say('REPLAY_START', { ...START, reason: 'new', more: {} });
    socket.say('REPLAY_END', { sequence_id: 3, delivered: 0, more: 1 });
    expect(rig.connection.state).toBe('live');
  });
});

test('an event cannot pass for a notice', async () => {
  const rig = new ClientRig();
  const heard: unknown[] = [];
  rig.connection.on('gap', (gap) => heard.push(gap));
  (await rig.live(3)).say('gap', { agent_id: 'a-1' }, 4);
  expect(heard).toEqual([]);
});

test('what is shed twice is one hole: however often it is told, nothing grows', () => {
  let stream = startedLive('A', 0);
  for (let n = 0; n < 40; n++) stream = eventsDropped(stream, { from: 1, to: 9 }, true).stream;
  expect(stream.holes).toEqual([{ from: 1, to: 9 }]);
  stream = eventsDropped(stream, { from: 4, to: 12 }, true).stream;
  const size = stream.holes.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  expect(size).toBe(12);
});

test('sent away again and again as soon as it is let in, it does not come back at once for ever', async () => {
  const rig = new ClientRig();
  await rig.begin();
  const waits: (number | null | undefined)[] = [];
  for (let n = 0; n < 4; n++) {
    rig.socket.greetLive();
    rig.socket.say('SERVER_DRAINING', { reconnect_after_ms: 0, deadline_ms: 1_000 });
    await rig.clock.advance(0);
    rig.socket.over(1000);
    waits.push(rig.states.findLast(({ state }) => state === 'waiting')?.retryInMs);
    await rig.clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([0, 500, 1_000, 2_000]);
});

test.each([undefined, null, 42, {}])(
  'getToken that gives %s is waited for, and nobody is asked with it',
  async (given) => {
    const rig = new ClientRig({ getToken: () => given as unknown as string });
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(0);
    expect(rig.states.at(-1)).toMatchObject({
      state: 'waiting',
      why: expect.stringMatching(/^no token: getToken gave .*, wanted a text$/),
    });
  },
);

test('a token that came too late for its connection is not kept until it is old', async () => {
  let give: (token: string) => void = () => {};
  let isSlow = false;
  const getToken = ({ fresh }: { fresh: boolean }) =>
    isSlow && fresh ? new Promise<string>((resolve) => (give = resolve)) : `token-${fresh}`;
  const rig = new ClientRig({ getToken });
  const socket = await rig.live();
  isSlow = true;
  socket.say('TOKEN_EXPIRING', { expires_at: '', expires_in_ms: 1_000 });
  await rig.clock.advance(300);
  socket.over();
  await rig.clock.advance(250);
  rig.socket.greetLive();
  give('late');
  await rig.clock.advance(6_000);
  rig.socket.over();
  await rig.clock.advance(250);
  expect(rig.socket.protocols).toEqual(['bearer', 'token-false']);
});

test('a refusal of somebody in between, with anything in its body, is waited out', async () => {
  const bodies = [
    '<html>',
    '{"type":"x","title":"y","errors":{"a":1}}',
    '{"type":"x","title":"y","errors":[null,{}]}',
  ];
  for (const body of bodies) {
    const fetch = async () => new Response(body, { status: 502 });
    const rig = new ClientRig({ fetch: fetch as typeof globalThis.fetch });
    await rig.begin();
    rig.socket.over();
    await rig.clock.advance(250);
    rig.socket.over();
    await rig.clock.advance(0);
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', status: 502 });
  }
});

test('closed while it asks for a token or for a reason, it leaves no timer behind', async () => {
  const waiting = new ClientRig({ getToken: () => new Promise(() => {}) });
  await waiting.clock.advance(0);
  waiting.connection.close();
  expect(waiting.clock.timers).toBe(0);

  let asked: AbortSignal | null | undefined;
  const fetch = (_: unknown, init: RequestInit = {}) => {
    asked = init.signal;
    return new Promise((_, reject) => asked?.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const rig = new ClientRig({ fetch: fetch as unknown as typeof globalThis.fetch });
  await rig.begin();
  rig.socket.over();
  await rig.clock.advance(250);
  rig.socket.over();
  await rig.clock.advance(0);
  expect(asked?.aborted).toBe(false);
  rig.connection.close();
  await rig.clock.settle();
  expect([asked?.aborted, rig.clock.timers]).toEqual([true, 0]);
});

test('after 200 reconnects nothing is left of them', async () => {
  const aborting = new AbortController();
  let listening = 0;
  const { addEventListener, removeEventListener } = aborting.signal;
  aborting.signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listening++;
    addEventListener.apply(aborting.signal, given);
  };
  aborting.signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listening--;
    removeEventListener.apply(aborting.signal, given);
  };
  const rig = new ClientRig({ signal: aborting.signal });
  await rig.begin();
  for (let n = 1; n <= 200; n++) {
    rig.socket.greet();
    rig.socket.event(n);
    rig.socket.say('MESSAGES_DROPPED', { ...DROPPED, from_sequence_id: n + 1, to_sequence_id: n + 1 });
    rig.socket.over(4200);
    await rig.clock.advance(30_000);
  }
  expect(listening).toBe(1);
  expect(rig.clock.timers).toBe(1);
});

test('a reader that does not read stays bounded whatever kinds of gaps there are', async () => {
  const rig = new ClientRig({ bufferSize: 3 });
  const reading = rig.connection[Symbol.asyncIterator]();
  const socket = await rig.live(0);
  for (let n = 1; n <= 100; n++) {
    const range = { from_sequence_id: n, to_sequence_id: n };
    socket.say('MESSAGES_DROPPED', {
      ...DROPPED,
      ...range,
      recoverable: false,
      reason: n % 2 ? 'expired' : 'buffer_full',
    });
  }
  rig.connection.close();
  const items: StreamItem[] = [];
  for await (const item of reading) items.push(item);
  expect(items).toHaveLength(4);
  expect(items.at(-1)).toMatchObject({ reason: 'reader_slow', from_sequence_id: 4, to_sequence_id: 100 });
});
