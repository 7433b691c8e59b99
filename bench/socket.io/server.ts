import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import { Server } from 'socket.io';
import { reportToBench } from '../servers/report.ts';

/**
 * The peer: Socket.IO over its Redis streams adapter, with connection state recovery, set up as its documentation says. A
 * room for each user, who is told by the same token; published to by the same requests, of which only the body is read.
 */
const RECOVERY_WINDOW_MS = 5 * 60_000;
/** Of the one stream that all users share; the default of 10,000 is what 100 users miss in one case of this bench. */
const STREAM_LENGTH = 1_000_000;
/** As the heartbeat of ours in this bench: none within it. */
const PING_INTERVAL_MS = 24 * 3_600_000;

const { REDIS_URL = '', JWT_SECRET = '' } = process.env;
const secret = await crypto.subtle.importKey(
  'raw',
  new TextEncoder().encode(JWT_SECRET),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['verify'],
);
const redis = new Redis(REDIS_URL);
// It connects again by itself.
redis.on('error', () => {});

const server = createServer((request, response) => void publish(request, response));
const io = new Server(server, {
  adapter: createAdapter(redis, { maxLen: STREAM_LENGTH }),
  connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_WINDOW_MS },
  pingInterval: PING_INTERVAL_MS,
  serveClient: false,
  transports: ['websocket'],
});
// What its documentation advises to save memory.
io.engine.on('connection', (connection: { request: unknown }) => {
  connection.request = null;
});
io.use(async (socket, next) => {
  try {
    const { payload } = await jwtVerify(socket.handshake.auth.token, secret, { algorithms: ['HS256'] });
    await socket.join(payload.sub ?? '');
    next();
  } catch (error) {
    next(error as Error);
  }
});

type PublishedEvent = {
  readonly event_type: string;
  readonly user_id: string;
  readonly agent_id: string;
  readonly project_id: string;
  readonly payload: object;
};

async function publish(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body: PublishedEvent | { readonly events: readonly PublishedEvent[] } = JSON.parse(
    Buffer.concat(chunks).toString(),
  );
  for (const { event_type, user_id, agent_id, project_id, payload } of 'events' in body
    ? body.events
    : [body])
    io.to(user_id).emit(event_type, {
      timestamp: new Date().toISOString(),
      agent_id,
      project_id,
      ...payload,
    });
  const answer = '{"status":"accepted"}';
  response.writeHead(202, { 'content-type': 'application/json', 'content-length': answer.length });
  response.end(answer);
}

server.listen(0, '127.0.0.1', () => reportToBench((server.address() as AddressInfo).port));
