import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createPublisher } from '../../../src/client/index.ts';
import { KEY, note } from '../../support/publisher-rig.ts';

/** How many connections are closed as soon as they are taken, as a proxy without a server does. Node 20's fetch waits for ever. */
const CLOSED = 2;

test('a server that closes right after it accepts: each attempt is given up, and repeated under the same id', async () => {
  const ids: unknown[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    ids.push(request.headers['webhook-id']);
    // Read, and then not answered.
    if (ids.length === 1) request.resume().on('end', () => request.destroy());
    else response.writeHead(202).end('{"results":[{"sequence_id":1,"epoch":"A"}]}');
  });
  server.on('connection', (socket) => {
    if (++connections <= CLOSED) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const publisher = createPublisher({ url, service: 'workers', key: KEY, timeoutMs: 150, random: () => 0 });
  expect(await publisher.publish(note(1))).toEqual({ sequence_id: 1, epoch: 'A' });
  expect(connections).toBeGreaterThan(CLOSED);
  expect(ids).toEqual([ids[0], ids[0]]);
});
