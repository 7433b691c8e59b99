import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createTransport } from '../../../src/adapters/transport/listener.ts';

const LONG = 'x'.repeat(4 * 1024 * 1024);

it('answers that nobody reads are given up', { timeout: 20_000 }, async () => {
  const errors: unknown[] = [];
  const transport = createTransport({
    fetch: () => new Response(LONG),
    maxMessageBytes: 1_024,
    handshakeTimeoutMs: 1_000,
    stallTimeoutMs: 200,
    onError: (error) => errors.push(error),
  });
  const { port } = await transport.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  const cut = new Promise((resolve) => socket.once('close', resolve));
  // What is written to a connection that is gone comes back as a reset.
  const knocking = setInterval(() => socket.write('x'), 50);
  await cut.finally(() => clearInterval(knocking));
  await transport.close();
  expect(errors).toEqual([]);
});
