import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { exchange } from '../../../src/cli/exchange.ts';

let server: Server;
const sockets = new Set<Socket>();

/** Asks a server that does this with each connection. */
async function ask(act: (socket: Socket) => void, stop = new AbortController().signal) {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  return exchange(url, { method: 'POST', headers: { a: 'b' }, body: '→', timeoutMs: 40 }, stop);
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
  expect(await reply).toEqual({ status: 503, retryAfter: '7', text: 'busy' });
  expect(asked).toMatch(/^POST \/x HTTP\/1.1\r\na: b\r\n(?:.*\r\n)*content-length: 3\r\n/i);
});

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['closes at once', (socket) => socket.destroy(), /socket hang up|ECONNRESET|EPIPE/],
  ['says nothing', () => {}, /nothing within 0.04 s/],
  [
    'stops in the middle',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
    /aborted/,
  ],
  [
    'hangs in the middle',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
    /aborted|nothing/,
  ],
])('rejects where a server %s', async (_, act, why) => {
  await expect(ask(act)).rejects.toThrow(why);
});

test('rejects as soon as it is told to stop', async () => {
  const stop = new AbortController();
  await expect(ask(() => stop.abort(130), stop.signal)).rejects.toThrow('aborted');
});
