import { expect, onTestFinished, test } from 'vitest';
import { eventually, FaultStage, operator, startFragileRedis } from '../support/fault-stage.ts';
import { MutePeer } from '../support/mute-peer.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { Worker } from '../support/worker.ts';

const HEARTBEAT = { WS_HEARTBEAT_INTERVAL: '500ms', WS_HEARTBEAT_TIMEOUT: '300ms', WS_HEARTBEAT_MISSES: '3' };
/** The first PING comes within an interval, the third two later. */
const SOONEST_CLOSE_MS = 2 * 500 + 300;
const LATEST_CLOSE_MS = 3 * 500 + 300;
/** A close frame that nobody answers is waited for so long before the connection is cut. */
const CLOSE_TIMEOUT_MS = 5_000;
const SLACK_MS = 2_000;
/** More than the kernel keeps for one connection: the server has written what it could, and waits. */
const STUFFING = { batches: 6, events: 15, bytes: 60_000 };

test.each(['node', 'deno'] as const)(
  'peers that vanish without a FIN are closed with 4101 and forgotten; who gives a sign of life stays: %s',
  async (runtime) => {
    const redis = await startFragileRedis();
    const stage = await FaultStage.start({ redisUrl: redis.url, servers: [runtime], env: HEARTBEAT });
    const url = stage.servers[0]?.url ?? '';
    const answering = await stage.client(newUser());
    const talking = await vanishing(url);
    // Another message than the PONG that is asked for.
    const talk = setInterval(() => talking.peer.say({ type: 'PING' }), 200);
    onTestFinished(() => clearInterval(talk));
    const silent = await vanishing(url);
    const gone = [await vanishing(url), await vanishing(url)];
    for (const { peer } of gone) peer.stopReading();
    await stuff(url, gone[0]?.user ?? '');

    expect(await silent.peer.raw.closeCode()).toBe(4101);
    const endOf = ({ peer }: Vanishing) =>
      stage.servers[0]
        ?.logs()
        .find((log) => log.msg === 'connection closed' && log.connection_id === peer.connectionId);
    const vanished = [silent, ...gone];
    await eventually('the server has forgotten them', () => vanished.every(endOf));
    for (const one of vanished) {
      expect(endOf(one)).toMatchObject({ code: 4101, was_clean: false });
      expect(endOf(one)?.duration_ms).toBeGreaterThanOrEqual(SOONEST_CLOSE_MS);
      expect(endOf(one)?.duration_ms).toBeLessThan(LATEST_CLOSE_MS + CLOSE_TIMEOUT_MS + SLACK_MS);
      await expectForgotten(operator(redis.url), one);
    }
    // All this took a multiple of what ends a client that says nothing.
    expect(answering).toMatchObject({ isOpen: true, connects: 1 });
    expect(answering.pings).toBeGreaterThan(6);
    expect(endOf(talking)).toBeUndefined();
  },
);

type Vanishing = { readonly user: string; readonly peer: MutePeer };

async function vanishing(url: string): Promise<Vanishing> {
  const user = newUser();
  return { user, peer: await MutePeer.connect({ url, token: await tokenFor(user) }) };
}

async function stuff(url: string, user: string): Promise<void> {
  const worker = new Worker(url);
  const event = {
    event_type: 'LARGE',
    user_id: user,
    agent_id: 'a-1',
    payload: { text: 'x'.repeat(STUFFING.bytes) },
  };
  for (let n = 0; n < STUFFING.batches; n++) {
    const { status } = await worker.batch(Array.from({ length: STUFFING.events }, () => event));
    expect(status).toBe(202);
  }
}

async function expectForgotten(redis: ReturnType<typeof operator>, { user, peer }: Vanishing): Promise<void> {
  const keys = [`ws:connections:${peer.connectionId}`, `ws:connections:user:${user}`];
  await eventually('the registry has forgotten it', async () => (await redis.exists(...keys)) === 0);
  const channel = `ws:user:{${user}}`;
  const subscribers = async () => Number((await redis.pubsub('NUMSUB', channel))[1]);
  await eventually('its stream is not subscribed to', async () => (await subscribers()) === 0);
}
