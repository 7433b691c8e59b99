import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Watcher } from '../../src/demo/watcher.ts';

/** What the server of a test does with one connection, the first, the second and so on. */
type Act = (socket: WebSocket) => void;

let server: WebSocketServer;
let watcher: Watcher;
let acts: Act[];
/** The targets that were asked for. */
let asked: string[];
let heard: string[];
let said: string[];

const frame = (type: string, payload: object, sequence_id?: number): string =>
  JSON.stringify({ type, timestamp: '2026-03-01T10:20:30.123Z', payload, sequence_id });
const connected = (intervalMs = 60_000): string =>
  frame('CONNECTED', {
    epoch: 'e1',
    sequence_id: 9,
    heartbeat_interval_ms: intervalMs,
    heartbeat_timeout_ms: intervalMs,
  });
const REPLAY = frame('REPLAY_START', {
  reason: 'connected',
  epoch: 'e1',
  after_sequence_id: 0,
  missing: null,
});
const EVENT = frame('NOTE', { agent_id: 'a-1', message: 'hello' }, 7);
const tell = (socket: WebSocket, ...frames: string[]): void => {
  for (const text of frames) socket.send(text);
};
const enough: Act = (socket) => socket.close(4000, 'enough');

beforeEach(async () => {
  acts = [];
  asked = [];
  heard = [];
  said = [];
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket, { url = '' }) => {
    asked.push(url);
    socket.on('message', (data) => heard.push(data.toString()));
    (acts[asked.length - 1] ?? enough)(socket);
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(async () => {
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** Follows the stream of the test's server until its acts are over. */
function watch(query = ''): Promise<0 | 1> {
  const { port } = server.address() as AddressInfo;
  const address = `ws://127.0.0.1:${port}/ws/agents?token=t${query}`;
  watcher = new Watcher({ address, say: (line) => said.push(line) });
  return watcher.run();
}

describe('a watcher', () => {
  test('answers a PING, and goes on after a cut from where it was', async () => {
    acts = [
      (socket) => {
        tell(socket, connected(), REPLAY, EVENT, frame('PING', {}));
        socket.once('message', () => socket.terminate());
      },
    ];
    expect(await watch()).toBe(1);
    expect(heard.map((text) => JSON.parse(text))).toEqual([
      { type: 'PONG', payload: { last_sequence_id: 7 } },
    ]);
    expect(asked).toEqual(['/ws/agents?token=t', '/ws/agents?token=t&last_sequence_id=7&epoch=e1']);
    expect(said.find((line) => line.includes('hello'))).toMatch(/#7 {2}a-1 +NOTE {2}hello$/);
    expect(said.find((line) => line.includes('cut'))).toMatch(/^-- .*going on after #7 in 0\.\d s$/);
    expect(said.at(-1)).toBe('-- closed: 4000 enough');
  });

  test('asks for the whole replay again when the cut came before it', async () => {
    acts = [
      (socket) => {
        tell(socket, connected(), frame('PING', {}));
        socket.once('message', () => socket.terminate());
      },
    ];
    await watch();
    expect(asked).toEqual(['/ws/agents?token=t', '/ws/agents?token=t']);
  });

  test('that wanted only what is new goes on from where it joined', async () => {
    acts = [
      (socket) => {
        tell(socket, connected(), frame('PING', {}));
        socket.once('message', () => socket.terminate());
      },
    ];
    await watch('&last_sequence_id=latest');
    expect(asked[1]).toBe('/ws/agents?token=t&last_sequence_id=9&epoch=e1');
  });

  test('cuts a connection that has fallen silent', async () => {
    acts = [(socket) => tell(socket, connected(10), REPLAY)];
    await watch();
    expect(asked).toHaveLength(2);
    expect(said.join('\n')).toContain('the connection was cut');
  });

  test('leaves a stopping server at its hint, and connects again', async () => {
    acts = [
      (socket) => {
        tell(socket, connected(), REPLAY, EVENT);
        tell(socket, frame('SERVER_DRAINING', { reconnect_after_ms: 20, deadline_ms: 60_000 }));
      },
    ];
    await watch();
    expect(asked[1]).toContain('last_sequence_id=7');
    expect(said.join('\n')).toContain('left the stopping server; going on after #7 at once');
  });

  test('stops when it is told to, and says goodbye', async () => {
    const closed = new Promise((resolve) => {
      acts = [
        (socket) => {
          socket.once('close', resolve);
          tell(socket, connected(), frame('PING', {}));
          socket.once('message', () => watcher.stop());
        },
      ];
    });
    expect(await watch()).toBe(0);
    expect(await closed).toBe(1000);
    expect(asked).toHaveLength(1);
  });
});
