import { describe, expect, test } from 'vitest';
import type { FollowOptions } from '../../src/demo/follow.ts';
import { follow } from '../../src/demo/follow.ts';
import { freePort } from '../support/free-port.ts';
import {
  afterHearing,
  closeWith,
  connected,
  frame,
  PlayedStream,
  replayFrom,
} from '../support/played-stream.ts';

const EVENT = frame('NOTE', { agent_id: 'a-1' }, 10);

/** Follows a played stream to its end, as whoever makes its tokens unless told otherwise. */
async function followed(address: string, options: Partial<FollowOptions> = {}) {
  const notices: string[] = [];
  const heard: string[] = [];
  let tokens = 0;
  const isGood = await follow({
    address,
    ...(options.token === undefined ? { getToken: () => `token-${++tokens}` } : {}),
    heard: ({ type }) => void heard.push(type),
    notice: (text) => void notices.push(text),
    remedyFor: (error) => `; remedy for ${error?.closeCode ?? error?.problem?.status ?? 'none'}`,
    ...options,
  });
  return { isGood, notices, heard };
}

describe('who follows a stream', () => {
  test('shows the token in a header, and nobody else the way', async () => {
    const stream = await PlayedStream.start([]);
    const { isGood, notices } = await followed(`${stream.address}?last_sequence_id=latest&agent_ids=a`);
    expect(stream.asked).toEqual([
      { target: '/ws/agents?last_sequence_id=latest&agent_ids=a', protocols: 'bearer,token-1' },
    ]);
    expect(notices).toEqual(['closed: 4002 disconnected_by_operator; remedy for 4002']);
    expect(isGood).toBe(false);
  });

  test('answers PING, and goes on after a cut from where it was, with its epoch', async () => {
    const stream = await PlayedStream.start([
      afterHearing((socket) => socket.terminate(), replayFrom(0), EVENT),
    ]);
    const { notices, heard } = await followed(`${stream.address}?agent_ids=a`);
    expect(stream.heard).toEqual([{ type: 'PONG', payload: { last_sequence_id: 10 } }]);
    expect(stream.asked[1]?.target).toBe('/ws/agents?agent_ids=a&last_sequence_id=10&epoch=e1');
    expect(notices[0]).toMatch(/^the connection was cut; going on after #10 (in 0\.\d s|at once)$/);
    expect(heard).toEqual(['CONNECTED', 'REPLAY_START', 'NOTE', 'PING']);
  });

  test('asks for the same start again when the cut came before the replay', async () => {
    const stream = await PlayedStream.start([afterHearing((socket) => socket.terminate())]);
    await followed(`${stream.address}?last_sequence_id=41`);
    expect(stream.asked[1]?.target).toBe('/ws/agents?last_sequence_id=41');
  });

  test('from the latest goes on from where it joined', async () => {
    const stream = await PlayedStream.start([afterHearing((socket) => socket.terminate())]);
    await followed(`${stream.address}?last_sequence_id=latest`);
    expect(stream.asked[1]?.target).toBe('/ws/agents?last_sequence_id=9&epoch=e1');
  });

  test('leaves a connection that has fallen silent, and a stopping server at its hint', async () => {
    const draining = frame('SERVER_DRAINING', { reconnect_after_ms: 20, deadline_ms: 60_000 });
    const stream = await PlayedStream.start([
      (socket) => socket.send(connected(10)),
      afterHearing(() => {}, replayFrom(0), EVENT, draining),
    ]);
    const { notices } = await followed(stream.address);
    expect(notices[0]).toMatch(/^nothing was heard for 20 ms; going on /);
    expect(notices[1]).toBe('the server is going away; going on after #10 at once');
  });

  test('hears nothing more once it is stopped, and all went well', async () => {
    const stopping = new AbortController();
    const stream = await PlayedStream.start([
      afterHearing((socket) => {
        stopping.abort();
        socket.send(EVENT);
      }),
    ]);
    const { isGood, notices, heard } = await followed(stream.address, { signal: stopping.signal });
    expect(heard).toEqual(['CONNECTED', 'PING']);
    expect({ isGood, notices }).toEqual({ isGood: true, notices: [] });
  });
});

describe('a token', () => {
  test('that has expired is followed by a fresh one at once', async () => {
    const stream = await PlayedStream.start([afterHearing(closeWith(4001, 'token_expired'), replayFrom(9))]);
    const { notices } = await followed(stream.address);
    expect(stream.asked[1]).toEqual({
      target: '/ws/agents?last_sequence_id=9&epoch=e1',
      protocols: 'bearer,token-2',
    });
    expect(notices[0]).toBe('closed: 4001 token_expired; going on after #9 at once');
  });

  test('that was given is not: there is no other', async () => {
    const stream = await PlayedStream.start([afterHearing(closeWith(4001, 'token_expired'))]);
    const { isGood, notices } = await followed(stream.address, { token: 'given' });
    expect(notices).toEqual(['closed: 4001 token_expired; remedy for 4001']);
    expect(isGood).toBe(false);
  });

  test('that is refused is followed by one fresh one, and then nothing helps', async () => {
    const stream = await PlayedStream.start([], () => 401);
    const { isGood, notices } = await followed(stream.address);
    expect(notices).toEqual([
      'refused: status 401; going on at once',
      expect.stringMatching(/^refused: status 401; remedy/),
    ]);
    expect(isGood).toBe(false);
  });
});

test('an address that never answered is given up; one that refuses for now is not', async () => {
  const nobody = await followed(`ws://127.0.0.1:${await freePort()}/ws/agents`);
  expect(nobody.notices).toEqual([
    expect.stringMatching(/^no connection .*ECONNREFUSED.*; remedy for none$/),
  ]);
  expect(nobody.isGood).toBe(false);

  const stream = await PlayedStream.start([], (token) => (token === 'token-1' ? 503 : null));
  const { notices } = await followed(stream.address);
  expect(notices[0]).toMatch(/^refused: status 503; going on /);
  expect(notices[1]).toContain('closed: 4002');
});
