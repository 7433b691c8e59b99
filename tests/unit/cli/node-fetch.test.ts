import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { nodeFetch } from '../../../src/cli/node-fetch.ts';

let server: Server;
const sockets = new Set<Socket>();

/** Asks a server that does this with each connection. */
async function ask(act: (socket: Socket) => void, signal = new AbortController().signal) {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  return nodeFetch(url, { method: 'POST', headers: { a: 'b' }, body: '→', signal });
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('gives status, body and Retry-After', async () => {
  let asked = '';
  const reply = ask((socket) =>
    socket.on('data', (bytes) => {
      asked += bytes;
      socket.end('HTTP/1.1 503 Away\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy');
    }),
  );
  const { status, headers, text } = await reply;
  expect([status, headers.get('retry-after'), headers.get('x'), await text()]).toEqual([
    503,
    '7',
    null,
    'busy',
  ]);
  expect(asked).toMatch(/^POST \/x HTTP\/1.1\r\na: b\r\n(?:.*\r\n)*content-length: 3\r\n/i);
});

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['closes at once', (socket) => socket.destroy(), /socket hang up|ECONNRESET|EPIPE/],
  [
    'stops in the middle',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
    /aborted/,
  ],
])('rejects where a server %s', async (_, act, why) => {
  await expect(ask(act)).rejects.toThrow(why);
});

test.each<[string, (socket: Socket) => void]>([
  ['before', () => {}],
  ['in the middle of', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')],
])('rejects as soon as it is told to stop, %s the answer', async (_, act) => {
  const stop = new AbortController();
  const asking = ask((socket) => {
    act(socket);
    setImmediate(() => stop.abort());
  }, stop.signal);
  await expect(asking).rejects.toThrow('aborted');
});
