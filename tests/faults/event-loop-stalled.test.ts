import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, FaultStage, startFragileRedis } from '../support/fault-stage.ts';
import { MutePeer } from '../support/mute-peer.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

const HEARTBEAT = { WS_HEARTBEAT_INTERVAL: '300ms', WS_HEARTBEAT_TIMEOUT: '200ms', WS_HEARTBEAT_MISSES: '3' };
/** A client that said nothing for so long would have been closed three times over. */
const STALL_MS = 3_300;
const CLIENTS = 100;

test.each(['node', 'deno'] as const)(
  'a server stands still for longer than its clients may: none of those that answer is closed: %s',
  async (runtime) => {
    const redis = await startFragileRedis();
    const stage = await FaultStage.start({ redisUrl: redis.url, servers: [runtime], env: HEARTBEAT });
    const [server] = stage.servers;
    const user = newUser();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => stage.client(user)));
    server?.signal('SIGSTOP');
    // The length of the fault itself, not a wait for something to come true.
    await pause(STALL_MS);
    server?.signal('SIGCONT');
    const before = clients.map(({ pings }) => pings);
    await eventually('everybody was asked, and judged, several times', () =>
      clients.every(({ pings }, index) => pings >= Number(before[index]) + 5),
    );
    // It still tells the dead from the living.
    const mute = await MutePeer.connect({ url: server?.url ?? '', token: await tokenFor(user) });
    expect(await mute.raw.closeCode()).toBe(4101);
    await stage.publisher.publish(user);
    await stage.settle(10_000);

    expect(clients.filter(({ connects, isOpen }) => connects !== 1 || !isOpen)).toEqual([]);
    expect(stage.ledger.faults()).toEqual([]);
  },
);
