import { expect, onTestFinished, test } from 'vitest';
import type { ConnectOptions } from '../../src/client/index.ts';
import { Relay } from '../support/fault-relay.ts';
import { eventually, FaultStage, type StageOptions, startFragileRedis } from '../support/fault-stage.ts';
import { LibraryClient } from '../support/library-client.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

const PER_SECOND = 60;

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);

/** Servers behind a relay that leads to the first, and a dashboard on the library that is live there. */
async function startScene(
  {
    servers = ['node'],
    env = {},
    args = [],
    user = newUser(),
  }: Partial<StageOptions> & { args?: string[]; user?: string },
  options: Partial<ConnectOptions> = {},
) {
  const redis = await startFragileRedis({ args });
  const stage = await FaultStage.start({ redisUrl: redis.url, servers, env });
  const ports = stage.servers.map(({ url }) => portOf(url));
  const relay = await Relay.start(ports[0] ?? 0);
  onTestFinished(() => relay.stop());
  const client = new LibraryClient({
    url: `ws://127.0.0.1:${relay.port}`,
    account: stage.ledger.open('library', user),
    random: stage.random,
    ...(options.getToken === undefined ? { token: await tokenFor(user) } : {}),
    ...options,
  });
  const accepted = () => stage.ledger.acceptedOf(user);
  const untilLive = () => eventually('it is live', () => client.isLive, { describe: () => client.story });
  await untilLive();
  return { redis, stage, ports, relay, user, client, accepted, untilLive };
}

type Scene = Awaited<ReturnType<typeof startScene>>;

/** Everything accepted was given out, once each, and nothing was called missing. */
async function expectNoLoss({ stage, client, accepted }: Scene): Promise<void> {
  await eventually('it has everything', () => new Set(client.marks).size >= accepted().length, {
    describe: () => client.story,
  });
  const rising = (one: number, other: number) => one - other;
  expect([...client.marks].sort(rising)).toEqual(
    accepted()
      .map(({ mark }) => mark)
      .sort(rising),
  );
  expect(client.gaps).toEqual([]);
  expect(stage.publisher.wrongRefusals.filter(({ status }) => status !== 0)).toEqual([]);
}

test('G3: links are cut, then the server is killed and another one takes over: nothing lost, nothing twice', async () => {
  const scene = await startScene({ servers: ['node', 'node'] });
  const { stage, ports, relay, user, client, accepted, untilLive } = scene;
  const stop = stage.publisher.keepOn([user], PER_SECOND);
  for (let cuts = 1; cuts <= 5; cuts++) {
    const before = accepted().length;
    await eventually('some events are accepted', () => accepted().length > before + 10);
    relay.switchTo(ports[0] ?? 0);
    await eventually('it is back', () => client.connection.counters.reconnects === cuts);
    await untilLive();
  }
  stage.servers[0]?.signal('SIGKILL');
  await stage.servers[0]?.exited;
  relay.switchTo(null);
  await eventually('it finds nobody', () => client.connection.counters.failures > 7);
  relay.switchTo(ports[1] ?? 0);
  await eventually('it is back', () => client.connection.counters.reconnects === 6);
  await stop();
  await stage.settle(10_000);
  await expectNoLoss(scene);
  expect(stage.ledger.faults()).toEqual([]);
});

test('G3, G8: a rolling restart is left at the hint, before the deadline, and no attempt fails', async () => {
  const scene = await startScene({ servers: ['node', 'node'], env: { WS_DRAIN_TIMEOUT: '3s' } });
  const { stage, ports, relay, user, client } = scene;
  const stop = stage.publisher.keepOn([user], PER_SECOND);
  await eventually('some events came', () => client.marks.length > 20);
  client.connection.on('draining', () => relay.sendNewTo(ports[1] ?? 0));
  stage.servers[0]?.signal('SIGTERM');
  expect(await stage.servers[0]?.exited).toEqual({ code: 0, signal: null });
  await eventually('it is at the other', () => client.connection.counters.reconnects === 1);
  const before = client.marks.length;
  await eventually('more events came', () => client.marks.length > before + 20);
  await stop();
  await stage.settle(10_000);
  await expectNoLoss(scene);
  expect(stage.ledger.faults()).toEqual([]);
  expect(client.connection.counters.failures).toBe(0);
});

test('G4: Redis restarts under a live connection: it stays, and what nobody can prove is a gap', async () => {
  const scene = await startScene({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const { redis, stage, user, client, accepted } = scene;
  const stop = stage.publisher.keepOn([user], PER_SECOND);
  await eventually('some events came', () => client.marks.length > 40);
  await redis.kill('SIGKILL');
  await eventually('publishes are refused', () => stage.publisher.refused.length > 5);
  await redis.restart();
  const before = accepted().length;
  await eventually('events are accepted again', () => accepted().length > before + 40, { withinMs: 20_000 });
  await stop();
  await stage.settle(10_000);
  expect(stage.ledger.faults()).toEqual([]);
  expect(new Set(client.marks).size).toBe(client.marks.length);
  expect(client.connection.counters).toMatchObject({ connects: 1, failures: 0 });
  expect(client.gaps.length).toBeGreaterThan(0);
  expect(new Set(client.gaps.map(({ reason }) => reason))).toEqual(new Set(['epoch_changed']));
  expect(client.connection.position?.epoch).toBe(accepted().at(-1)?.epoch);
});

test('G3: tokens run out: it moves ahead of that with the next, and where there is none then, after 4001', async () => {
  const asked: boolean[] = [];
  const user = newUser();
  const getToken = ({ fresh }: { fresh: boolean }) => {
    asked.push(fresh);
    // Nothing to be had ahead of the second expiry.
    if (asked.length === 3) throw new Error('not now');
    return tokenFor(user, { exp: Math.floor(Date.now() / 1000) + (asked.length < 4 ? 3 : 3600) });
  };
  const scene = await startScene({ user }, { getToken });
  const { stage, client } = scene;
  const stop = stage.publisher.keepOn([user], PER_SECOND);
  await eventually('it came back twice', () => client.connection.counters.reconnects === 2, {
    describe: () => client.story,
  });
  const before = client.marks.length;
  await eventually('more events came', () => client.marks.length > before + 20);
  await stop();
  await stage.settle(10_000);
  expect(asked).toEqual([false, true, true, true]);
  expect(client.states.flatMap(({ state, why }) => (state === 'waiting' ? [why] : []))).toEqual([
    'with a fresh token',
    'closed: 4001 token_expired',
  ]);
  await expectNoLoss(scene);
  expect(stage.ledger.faults()).toEqual([]);
});

test('what the server sheds at a small rate is had again once it is calm: late, marked, and complete', async () => {
  const env = { WS_RATE_LIMIT_PER_CONNECTION: '20', WS_SEND_BUFFER_SIZE: '10', WS_QUEUE_TTL: '500ms' };
  const scene = await startScene({ env }, { recoverAfterMs: 300 });
  const { stage, user, client } = scene;
  const deliveries: string[] = [];
  client.connection.on('NUMBERED', ({ delivery }) => deliveries.push(delivery));
  await Promise.all(Array.from({ length: 20 }, () => stage.publisher.batch(user, 15)));
  await expectNoLoss(scene);
  const { dropped, recovered, replays } = client.connection.counters;
  expect(dropped).toBeGreaterThan(100);
  expect(recovered).toBe(dropped);
  expect(deliveries.filter((delivery) => delivery === 'recovered')).toHaveLength(recovered);
  // The one of the connect, and no more than a few for all that was shed.
  expect(replays).toBeLessThan(6);
});
