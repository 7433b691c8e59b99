import { expect, onTestFinished, test } from 'vitest';
import { LossLedger } from '../support/fault-ledger.ts';
import { PersistentPublisher } from '../support/fault-publisher.ts';
import { eventually, startFragileRedis } from '../support/fault-stage.ts';
import { Fleet, nameOf } from '../support/fleet.ts';
import { noHaproxy } from '../support/haproxy-installation.ts';
import { PoliteClient } from '../support/polite-client.ts';
import { seededRandom, seedOfRun } from '../support/random.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

const USERS = 500;
const CLIENTS_OF_A_USER = 4;
/** How many clients are let in at a time, in the beginning. */
const LANES = 40;
/**
 * Hints lie in the first 80 % of a drain of 6 s: evenly spread, each of 4.8 seconds brings 21 % of the clients back. A bit
 * more is for chance; clients that all came together would be 100 %.
 */
const DRAIN = '6s';
const LARGEST_SECOND = 0.3;
const PUBLISH_EVERY_MS = 10;
/** Where dashboards come from: not the address of HAProxy itself. */
const CLIENT_ADDRESS = '127.0.0.2';

test('G3, G8: three instances behind HAProxy restart one by one, 2,000 clients watch: nobody loses anything', async ({
  skip,
}) => {
  if (noHaproxy !== null) skip(noHaproxy);
  const { fleet, clients, publisher, ledger, stopPublishing } = await startScene();
  for (const path of ['/metrics', '/%6detrics'])
    expect((await fetch(fleet.balancer.url + path)).status, `${path} is not for clients`).toBe(404);
  // What the alert that no instance is ready goes by.
  const ready = 'haproxy_backend_status{proxy="instances",state="UP"} 1\n';
  expect(await (await fetch(fleet.balancer.metricsUrl)).text()).toContain(ready);
  for (const at of [0, 1, 2]) {
    const guests = clients.filter(({ instanceId }) => instanceId === nameOf(at));
    const since = performance.now();
    expect(await fleet.drain(at)).toEqual({ code: 0, signal: null });
    await fleet.startAgain(at);
    await eventually('everybody is back', () => guests.every((guest) => isBackSince(guest, since)));
    expect(guests.length).toBeGreaterThan(USERS);
    expect(largestSecond(guests) / guests.length).toBeLessThan(LARGEST_SECOND);
  }
  await stopPublishing();
  await eventually('every client has everything', () => ledger.isSettled());

  expect(ledger.faults()).toEqual([]);
  expect(clients.flatMap(({ account }) => ledger.namedTo(account))).toEqual([]);
  expect(clients.filter(({ isBack }) => !isBack)).toEqual([]);
  // Each connection was left and none cut. A machine that stands still for a second is not ready, and says so; but nobody
  // is told anything else.
  const troubled = clients.filter(
    ({ cuts, refusals, gaveUp }) => cuts.length > 0 || refusals.some((status) => status !== 503) || gaveUp,
  );
  expect(troubled.map(({ story }) => story)).toEqual([]);
  expect(publisher.refused.filter(({ status, retryAfter }) => status !== 503 || !retryAfter)).toEqual([]);
  const opened = fleet.logs().filter(({ msg }) => msg === 'connection opened');
  expect(new Set(opened.map(({ address }) => address))).toEqual(new Set([CLIENT_ADDRESS]));
});

const isBackSince = ({ isBack, arrivals }: PoliteClient, since: number): boolean =>
  isBack && (arrivals.at(-1) ?? 0) > since;

/** How many of these clients the last drain asked to come back within one and the same second, at most. */
function largestSecond(clients: readonly PoliteClient[]): number {
  const hints = clients.map(({ hints }) => hints.at(-1) ?? 0);
  return Math.max(...hints.map((start) => hints.filter((at) => at >= start && at < start + 1_000).length));
}

async function startScene() {
  const seed = seedOfRun();
  process.stdout.write(`[faults] SEED=${seed} repeats the choices of this run\n`);
  const random = seededRandom(seed);
  const redis = await startFragileRedis();
  const env = { WS_DRAIN_TIMEOUT: DRAIN };
  const fleet = await Fleet.start({ redisUrl: redis.url, runtimes: ['node', 'deno', 'node'], env });
  const ledger = new LossLedger();
  const users = Array.from({ length: USERS }, newUser);
  const publisher = new PersistentPublisher({ urls: [fleet.balancer.url], ledger, random });
  const clients = await letIn(users, { url: fleet.balancer.wsUrl, ledger, random });
  return { fleet, ledger, clients, publisher, stopPublishing: keepPublishing(publisher, users) };
}

type Place = { readonly url: string; readonly ledger: LossLedger; readonly random: () => number };

/** Lets in all clients of these users, some at a time. */
async function letIn(users: readonly string[], { url, ledger, random }: Place): Promise<PoliteClient[]> {
  const tokens = await Promise.all(users.map((user) => tokenFor(user)));
  const clients = Array.from({ length: USERS * CLIENTS_OF_A_USER }, (_, n) => {
    const user = users[n % USERS] ?? '';
    return new PoliteClient({
      url,
      token: tokens[n % USERS] ?? '',
      account: ledger.open(`client ${n} of ${user}`, user),
      random,
      localAddress: CLIENT_ADDRESS,
      leaves: n < (USERS * CLIENTS_OF_A_USER) / 2 ? 'at once' : 'in time',
    });
  });
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.leave()));
  });
  const waiting = [...clients];
  const lane = async (): Promise<void> => {
    for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
      const entering = client.start();
      await eventually('a client is let in', () => entering.isBack, { describe: () => entering.story });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return clients;
}

/** Publishes to one user after the other until what it gives is called; that waits for the last. */
function keepPublishing(publisher: PersistentPublisher, users: readonly string[]): () => Promise<void> {
  const publishing: Promise<unknown>[] = [];
  const faults: unknown[] = [];
  const tick = setInterval(() => {
    const user = users[publishing.length % users.length] ?? '';
    publishing.push(publisher.publish(user).catch((error: unknown) => faults.push(error)));
  }, PUBLISH_EVERY_MS);
  onTestFinished(() => clearInterval(tick));
  return async () => {
    clearInterval(tick);
    await Promise.all(publishing);
    expect(faults).toEqual([]);
  };
}
