import { createHmac, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';

const PATH = '/api/v1/internal/ws/publish';
const SERVICE = 'bench';
const serviceKey = randomBytes(32);
const jwtSecret = randomBytes(32).toString('hex');

/** What a server of ours needs to take the requests of this bench, with nothing in the way of the load. */
export const SERVER_ENV: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_SECRET: jwtSecret,
  INTERNAL_SERVICE_KEYS: `${SERVICE}:whsec_${serviceKey.toString('base64')}`,
  LOG_LEVEL: 'warn',
  // None within a bench: the pings of many clients are spread over it, and a ping would count as an event.
  WS_HEARTBEAT_INTERVAL: '1440m',
  WS_CONNECT_RATE_PER_ADDRESS: '0',
  WS_MAX_CONNECTIONS_PER_USER: '0',
  WS_MAX_CONNECTIONS_PER_INSTANCE: '100000',
  WS_RATE_LIMIT_PER_CONNECTION: '0',
  WS_RATE_LIMIT_GLOBAL: '0',
};

/** The user that all clients belong to. */
export const WATCHED_USER = 'watched';

/** Where a client of a user connects, to go on after a sequence id or to hear only what is new. */
export async function clientTarget(
  userId = WATCHED_USER,
  after: number | 'latest' = 'latest',
): Promise<string> {
  return `/ws/agents?token=${await tokenOf(userId)}&last_sequence_id=${after}`;
}

/** What lets a client of a user in. */
export const tokenOf = (userId: string): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime('1 hour')
    .sign(new TextEncoder().encode(jwtSecret));

/** A status change of a usual size (about 250 bytes). */
const eventOf = (userId: string, { fill = '', task = 42 } = {}) => ({
  event_type: 'AGENT_STATUS_CHANGED',
  user_id: userId,
  agent_id: 'agent-1',
  project_id: 'p-1',
  payload: {
    old_status: 'working',
    new_status: 'completed',
    task_id: `task-${task}`,
    progress: 100,
    message: `Wrote the summary of chapter 3 and handed it over for review${fill}`,
  },
});

/** The body of a single publish. */
export const singleBody = (userId: string): string => JSON.stringify(eventOf(userId));

/** The body of a batch, one event for each of the users, of a task that is told by its number. */
export const batchBody = (userIds: readonly string[], task?: number): string =>
  JSON.stringify({ events: userIds.map((userId) => eventOf(userId, { task })) });

/** The body of a batch of events of one user, each with so many characters more. */
export const filledBody = (events: number, fill: number): string =>
  JSON.stringify({
    events: Array.from({ length: events }, () => eventOf(WATCHED_USER, { fill: 'x'.repeat(fill) })),
  });

let requests = 0;

/** A signed publish request, as one string to write; its id is new each time, so that none is a duplicate. */
export function publishRequest(body: string, { batch }: { batch: boolean }): string {
  const id = `bench-${process.pid}-${requests++}`;
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', serviceKey).update(`${id}.${timestamp}.${body}`).digest('base64');
  return [
    `POST ${PATH}${batch ? '/batch' : ''} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-service-name: ${SERVICE}`,
    `webhook-id: ${id}`,
    `webhook-timestamp: ${timestamp}`,
    `webhook-signature: v1,${signature}`,
    '',
    body,
  ].join('\r\n');
}
