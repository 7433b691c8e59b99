import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { Upgrader } from '../../../src/adapters/transport/upgrade.ts';
import type { SocketHandlers } from '../../../src/core/ports/transport.ts';

const ASKED = [
  'GET / HTTP/1.1',
  'host: x',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];
const ignore = () => {};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('the first frames come after the answer to the upgrade and apart from it, all in one write', async () => {
  const client = connect(await listen());
  onTestFinished(() => void client.destroy());
  client.write(`${ASKED.join('\r\n')}\r\n\r\n`);
  const [answer] = await once(client, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  vi.advanceTimersByTime(2);
  const [frames] = await once(client, 'data');
  expect(String(frames)).toMatch(/first[\s\S]*second$/);
});

/** Gives the port of a server that sends two frames as soon as a socket opens. */
async function listen(): Promise<number> {
  const handlers: SocketHandlers = {
    open: (socket) => {
      socket.send(['first']);
      socket.send(['second']);
    },
    message: ignore,
    binary: ignore,
    drain: ignore,
    closed: ignore,
  };
  const upgrader = new Upgrader({
    fetch: (_request, { upgrade }) =>
      upgrade?.accept({ handlers, protocol: null, aborted: ignore }) ?? new Response(null),
    onError: (error) => {
      throw error;
    },
    handshakeTimeoutMs: 1_000,
    closeTimeoutMs: 1_000,
    maxMessageBytes: 1_000,
  });
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (incoming, socket, head) => {
    void upgrader.answer({ incoming, socket, head }, Promise.resolve());
  });
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
