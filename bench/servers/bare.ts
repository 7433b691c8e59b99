import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { reportToBench } from './report.ts';

/**
 * What there is without us: node:http that reads a body and answers, and ws that sends each event of it to every socket.
 * No signature, no check, no stream, no filter, no bound on anything.
 */
const sockets = new Set<WebSocket>();
let sequence = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (sockets.size > 0) deliver(JSON.parse(body.toString()));
    const answer = '{"sequence_id":1,"epoch":"0123456789abcdef01234567"}';
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});

type PublishedEvent = { readonly event_type: string; readonly agent_id: string; readonly payload: object };

function deliver(body: { readonly events: readonly PublishedEvent[] }): void {
  for (const { event_type, agent_id, payload } of body.events) {
    sequence++;
    const frame = Buffer.from(
      JSON.stringify({
        type: event_type,
        timestamp: new Date().toISOString(),
        sequence_id: sequence,
        payload: { agent_id, project_id: 'p-1', ...payload },
      }),
    );
    for (const socket of sockets) socket.send(frame, { binary: false });
  }
}

// The generator's connections wait while the other servers work.
server.keepAliveTimeout = 0;

const wss = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
wss.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.send('{"type":"CONNECTED"}');
});

server.listen(0, '127.0.0.1', () => reportToBench((server.address() as AddressInfo).port));
