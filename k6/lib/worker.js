import http from 'k6/http';
import { setTimeout } from 'k6/timers';
import { LAST_EVENT } from './dashboard.js';
import { measures } from './measures.js';
import { eventsPerSecond, seconds, urls, users } from './settings.js';
import { signedHeaders } from './signing.js';

const PUBLISH = '/api/v1/internal/ws/publish';
const INSTANCES = '/api/v1/internal/ws/instances';
const BATCH = 500;
const ATTEMPTS = 5;
const RETRY_MS = 250;
const ANSWERED_WITHIN = '10s';
const TURN_MS = 10;
const LOOK_MS = 500;

const run = Date.now();
let requests = 0;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const event = (user, { type = 'LOAD_STEP', priority = 'normal', ...payload } = {}) => ({
  event_type: type,
  priority,
  user_id: user,
  agent_id: 'agent-1',
  payload: { at: Date.now(), ...payload },
});

/** Sends a signed request until it is accepted, under one id so that no event is there twice; from one instance to the next. */
async function send(path, body, events) {
  const number = requests++;
  const id = `load-${run}-${number}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const url = urls[(number + attempt) % urls.length] + path;
    const params = { headers: signedHeaders(id, body), timeout: ANSWERED_WITHIN };
    const { status } = await http.asyncRequest('POST', url, body, params);
    if (status === 202) return measures.eventsPublished.add(events);
    await pause(RETRY_MS);
  }
  return measures.eventsNotAccepted.add(events);
}

/** Publishes one event; resolves once it is accepted, or given up. */
export const publish = (user, fields) => send(PUBLISH, JSON.stringify(event(user, fields)), 1);

function publishBatch(some, fields) {
  const events = some.map((user) => event(user, fields));
  return send(`${PUBLISH}/batch`, JSON.stringify({ events }), events.length);
}

/** Publishes one event to each user, in batches. */
export async function publishToAll(fields) {
  for (let start = 0; start < users.length; start += BATCH)
    await publishBatch(users.slice(start, start + BATCH), fields);
}

/** Tells every dashboard that nothing more will come; what is critical is never shed. */
export const publishTheLast = () => publishToAll({ type: LAST_EVENT, priority: 'critical' });

/**
 * Publishes at an even rate, to one user after the other, whether or not what was sent before is answered: a slow server
 * gets no rest. Resolves once all is answered.
 * @param batch events of a request; 1 sends each by itself
 * @param isOver asked at every turn; absent: when DURATION_S has passed
 */
export async function publishSteadily({ batch = 1, fill = 0, isOver } = {}) {
  const fields = { batched: batch > 1, fill: 'x'.repeat(fill) };
  const began = Date.now();
  const wanted = isOver ? Number.POSITIVE_INFINITY : Math.ceil((seconds * eventsPerSecond) / batch);
  let sent = 0;
  const unanswered = new Set();
  while (sent < wanted && !isOver?.()) {
    const due = Math.min(wanted, ((Date.now() - began) / 1000) * (eventsPerSecond / batch));
    for (; sent < due; sent++) {
      const request =
        batch > 1 ? publishBatch(someUsers(sent * batch, batch), fields) : publish(userOf(sent), fields);
      unanswered.add(request);
      request.finally(() => unanswered.delete(request));
    }
    await pause(TURN_MS);
  }
  await Promise.all(unanswered);
  measures.acceptedPerSecond.add((sent * batch * 1000) / (Date.now() - began));
}

const userOf = (number) => users[number % users.length];
const someUsers = (from, count) => Array.from({ length: count }, (_, index) => userOf(from + index));

/** How many sockets are live now, over all instances. */
async function liveSockets() {
  const texts = await Promise.all(urls.map(async (url) => (await get(`${url}/metrics`)).body ?? ''));
  const live = texts.map((text) => /^agentcast_connections\{state="live"\} (\d+)/m.exec(text)?.[1] ?? 0);
  return live.reduce((sum, count) => sum + Number(count), 0);
}

/** Resolves with true once that holds for the number of live sockets; with false where it does not within the time. */
export async function liveSocketsBecome(holds, withinS) {
  const until = Date.now() + withinS * 1000;
  while (!holds(await liveSockets())) {
    if (Date.now() > until) return false;
    await pause(LOOK_MS);
  }
  return true;
}

/** How long ago each instance started, in ms, as the instances themselves know it. */
export async function instanceAges() {
  for (const url of urls) {
    const { status, body } = await get(
      `${url}${INSTANCES}`,
      signedHeaders(`load-${run}-${requests++}`, INSTANCES),
    );
    if (status === 200) return JSON.parse(body).instances.map((instance) => instance.age_ms);
  }
  return [];
}

const get = (url, headers = {}) =>
  http.asyncRequest('GET', url, null, { headers, responseType: 'text', timeout: ANSWERED_WITHIN });
