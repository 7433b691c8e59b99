import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Follower } from '../../../src/cli/tail/follower.ts';
import { streamQuery } from '../../../src/cli/tail/stream-query.ts';
import { tokenSource } from '../../../src/cli/tail/token-source.ts';

/** What the server of a test does with one connection, the first, the second and so on. */
type Act = (socket: WebSocket) => void;

let server: WebSocketServer;
let acts: Act[];
let asked: { target: string; authorization: string | undefined }[];
let notices: string[];
let heard: string[];
let follower: Follower;

const frame = (type: string, payload: object, sequence_id?: number): string =>
  JSON.stringify({ type, timestamp: '2026-03-01T10:20:30.123Z', payload, sequence_id });
const CONNECTED = frame('CONNECTED', {
  epoch: 'e1',
  sequence_id: 9,
  heartbeat_interval_ms: 60_000,
  heartbeat_timeout_ms: 60_000,
});
const EVENT = frame('NOTE', { agent_id: 'a-1' }, 10);
/** Lets the client hear everything first: its PONG says that it did. */
const then =
  (act: Act, ...frames: string[]): Act =>
  (socket) => {
    for (const text of [CONNECTED, ...frames, frame('PING', {})]) socket.send(text);
    socket.once('message', () => act(socket));
  };
const closeWith =
  (code: number, reason = ''): Act =>
  (socket) =>
    socket.close(code, reason);
const operator = closeWith(4002, 'disconnected_by_operator');

beforeEach(async () => {
  acts = [];
  asked = [];
  notices = [];
  heard = [];
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket, { url = '', headers }) => {
    asked.push({ target: url, authorization: headers.authorization });
    (acts[asked.length - 1] ?? operator)(socket);
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(async () => {
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

function follow({ isFresh = true } = {}): Promise<boolean> {
  const { port } = server.address() as AddressInfo;
  let tokens = 0;
  follower = new Follower({
    address: `ws://127.0.0.1:${port}/ws/agents?last_sequence_id=latest`,
    token: { isFresh, token: async () => `token-${++tokens}` },
    heard: ({ type }) => heard.push(type),
    notice: (text) => notices.push(text),
  });
  return follower.run();
}

describe('a follower', () => {
  test('shows its token in a header, and nobody else the way', async () => {
    expect(await follow()).toBe(false);
    expect(asked).toEqual([
      { target: '/ws/agents?last_sequence_id=latest', authorization: 'Bearer token-1' },
    ]);
    expect(notices).toEqual(['closed: 4002 disconnected_by_operator']);
  });

  test('goes on after a cut from where it was, with its epoch', async () => {
    acts = [then((socket) => socket.terminate(), EVENT)];
    await follow();
    expect(asked[1]?.target).toBe('/ws/agents?last_sequence_id=10&epoch=e1');
    expect(notices[0]).toMatch(/^the connection was cut; going on after #10 in 0\.\d s$/);
    expect(heard).toContain('NOTE');
  });

  test('that makes its tokens takes a fresh one at once where one has expired', async () => {
    acts = [then(closeWith(4001, 'token_expired'))];
    await follow();
    expect(asked[1]).toEqual({
      target: '/ws/agents?last_sequence_id=9&epoch=e1',
      authorization: 'Bearer token-2',
    });
    expect(notices[0]).toContain('here is a fresh one; going on after #9 at once');
  });

  test('whose fresh token has expired too stops', async () => {
    acts = [then(closeWith(4001)), closeWith(4001)];
    expect(await follow()).toBe(false);
    expect(asked).toHaveLength(2);
  });

  test('that was given its token stops when it has expired', async () => {
    acts = [then(closeWith(4001, 'token_expired'))];
    expect(await follow({ isFresh: false })).toBe(false);
    expect(notices).toEqual(['closed: 4001 token_expired; a fresh token is needed in AGENTCAST_TOKEN']);
  });

  test('leaves a stopping server at its hint', async () => {
    acts = [then(() => {}, frame('SERVER_DRAINING', { reconnect_after_ms: 20, deadline_ms: 60_000 }))];
    await follow();
    expect(notices[0]).toBe('left the stopping server; going on after #9 at once');
  });

  test('that is stopped hears nothing more, and all went well', async () => {
    acts = [
      then((socket) => {
        follower.stop();
        socket.send(EVENT);
      }),
    ];
    expect(await follow()).toBe(true);
    expect(heard).toEqual(['CONNECTED', 'PING']);
    expect(notices).toEqual([]);
  });
});

describe('the query of a stream', () => {
  test.each([
    [{ from: 'latest' }, 'last_sequence_id=latest'],
    [{ from: 'all', agent: 'a,b' }, 'agent_ids=a%2Cb&last_sequence_id=0'],
    [
      { from: '41', epoch: 'e1', type: 'NOTE', project: 'p' },
      'project_ids=p&event_types=NOTE&last_sequence_id=41&epoch=e1',
    ],
  ])('%j', (flags, query) => {
    expect(streamQuery(flags).toString()).toBe(query);
  });

  test('names every fault by its flag', () => {
    expect(() => streamQuery({ from: 'now', agent: 'a b', type: 'note' })).toThrow(
      /--agent: got "a b".*--type: got "note".*--from: got "now"/s,
    );
    expect(() => streamQuery({ from: 'all', epoch: 'e1' })).toThrow('--epoch: got one without a number');
  });
});

describe('the token', () => {
  const tokenOf = (sub: string) =>
    new SignJWT({ sub }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));

  test('of AGENTCAST_TOKEN is taken as it is, before a secret', async () => {
    const source = tokenSource({ AGENTCAST_TOKEN: ' abc ', JWT_SECRET: 's' }, {});
    expect([source.isFresh, await source.token()]).toEqual([false, 'abc']);
  });

  test('of another user is refused', async () => {
    const AGENTCAST_TOKEN = await tokenOf('u-1');
    expect(() => tokenSource({ AGENTCAST_TOKEN }, { user: 'u-2' })).toThrow(
      '--user: got u-2, but AGENTCAST_TOKEN is of "u-1"',
    );
    expect(tokenSource({ AGENTCAST_TOKEN }, { user: 'u-1' }).isFresh).toBe(false);
  });

  test('is made for --user where there is a secret', async () => {
    const source = tokenSource({ JWT_SECRET: 'secret' }, { user: 'u-1' });
    expect(source.isFresh).toBe(true);
    expect(await source.token()).toMatch(/^eyJ/);
    expect(() => tokenSource({ JWT_SECRET: 'secret' }, {})).toThrow('got no --user');
  });
});
