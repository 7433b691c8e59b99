import { expect, onTestFinished, test } from 'vitest';
import { DashboardClient } from '../support/dashboard-client.ts';
import { operator, startFragileRedis } from '../support/fault-stage.ts';
import { MutePeer } from '../support/mute-peer.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Runtime, startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

const RUNTIMES: readonly Runtime[] = ['node', 'deno'];
const DRAIN_MS = 2_000;
/** What saying goodbye, taking oneself out of the registry and a busy machine may take beyond the timeout. */
const BEYOND_MS = 2_500;
/** Events that fill what the kernel keeps for a connection that nobody reads. */
const LARGE = 'x'.repeat(60_000);
const LARGE_EVENTS = 90;

test.each(RUNTIMES)(
  'G8: clients that read nothing and answer nothing do not hold a drain up, nor lose others anything: %s',
  async (runtime) => {
    const { server, redis, staying, stuck, user } = await startScene(runtime, `${DRAIN_MS}ms`);
    const publishing = publishToTheEnd(server.url, user);
    await staying.next('NUMBERED');
    const begin = performance.now();
    server.signal('SIGTERM');
    expect(await staying.closed()).toEqual({ code: 1012, reason: 'service_restart' });
    const closedAt = performance.now();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    const exitedAt = performance.now();

    expect(closedAt - begin).toBeGreaterThan(DRAIN_MS - 50);
    expect(exitedAt - begin).toBeLessThan(DRAIN_MS + BEYOND_MS);
    expect(await stuck.raw.closeCode()).toBe(1012);
    const { acceptedAt, refusals } = await publishing;
    expect(refusals).toEqual([]);
    expect(acceptedAt.at(-1)).toBeGreaterThan(closedAt);
    const seen = staying.events.map(({ sequence_id }) => sequence_id);
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    // What is accepted while the close is on its way is left for the client to ask for, elsewhere.
    expect(seen.length).toBeGreaterThanOrEqual(acceptedAt.filter((at) => at < closedAt - 500).length);
    expect(await redis.keys('ws:connections*')).toEqual([]);
    expect(await redis.keys('ws:instances*')).toEqual([]);
  },
);

test.each(RUNTIMES)(
  'a second signal stops at once, clients or not, with another status than 0: %s',
  async (runtime) => {
    const { server, staying } = await startScene(runtime, '5m');
    server.signal('SIGTERM');
    await staying.next('SERVER_DRAINING');
    const begin = performance.now();
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(performance.now() - begin).toBeLessThan(1_000);
  },
);

test.each(RUNTIMES)('a drain ends while Redis stands still: %s', async (runtime) => {
  const { server, staying, pauseRedis } = await startScene(runtime, `${DRAIN_MS}ms`);
  await pauseRedis();
  const begin = performance.now();
  server.signal('SIGTERM');
  await staying.next('SERVER_DRAINING');
  expect(await staying.closed()).toMatchObject({ code: 1012 });
  expect(await server.exited).toEqual({ code: 0, signal: null });
  // Redis gets its time to answer once more, when there is nobody left to wait for.
  expect(performance.now() - begin).toBeLessThan(DRAIN_MS + BEYOND_MS + 4_000);
});

/** A server with one well-behaved client, which stays for as long as it may, and every kind of stuck one. */
async function startScene(runtime: Runtime, drainTimeout: string) {
  const redis = await startFragileRedis();
  // No limit keeps a client from having all that was accepted.
  const env = {
    WS_DRAIN_TIMEOUT: drainTimeout,
    WS_RATE_LIMIT_PER_CONNECTION: '0',
    WS_RATE_LIMIT_GLOBAL: '0',
  };
  const server = await startServer({ runtime, redisUrl: redis.url, env });
  onTestFinished(() => server.stop());
  const { url, wsUrl } = server;
  const user = newUser();
  const staying = await DashboardClient.connect(`${wsUrl}/ws/agents?token=${await tokenFor(user)}`);
  onTestFinished(() => staying.cut());
  const stuck = await MutePeer.connect({ url, token: await tokenFor(newUser()) });
  await letReadNothing(url);
  const halfway = await RawClient.connect(url);
  onTestFinished(() => void halfway.socket.destroy());
  halfway.write('GET /ws/agents HTTP/1.1\r\nHost: x\r\nUpgrade: webso');
  const pauseRedis = () => redis.kill('SIGSTOP');
  return { server, user, staying, stuck, redis: operator(redis.url), pauseRedis };
}

/** A client that was let in, and has stopped reading with more on its way than the kernel keeps. */
async function letReadNothing(url: string): Promise<void> {
  const user = newUser();
  const peer = await MutePeer.connect({ url, token: await tokenFor(user) });
  peer.stopReading();
  const event = numberedEvent(user, 0, { payload: { n: 0, text: LARGE } });
  for (let n = 0; n < LARGE_EVENTS; n += 15) {
    const { status } = await new Worker(url).batch(Array.from({ length: 15 }, () => event));
    expect(status).toBe(202);
  }
}

/** Publishes one event after the other, until the server is gone. */
async function publishToTheEnd(url: string, user: string) {
  const worker = new Worker(url);
  const acceptedAt: number[] = [];
  const refusals: number[] = [];
  for (;;) {
    const answer = await worker.publish(numberedEvent(user, acceptedAt.length)).catch(() => null);
    if (answer === null) return { acceptedAt, refusals };
    if (answer.status === 202) acceptedAt.push(performance.now());
    else refusals.push(answer.status);
  }
}
