import { describe, expect, test } from 'vitest';
import { createMemoryEngine } from '../../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../../src/adapters/memory/store.ts';
import { CONNECTION_LEASE_MS } from '../../../src/core/ports/engine.ts';
import { NO_FILTERS } from '../../../src/protocol/filters.ts';
import {
  append,
  appendMany,
  freshId,
  freshKey,
  freshUser,
  idsOf,
  loggedIds,
  progressOf,
  Recorder,
} from '../../support/engine-events.ts';
import { engineOptions } from '../../support/engine-rig.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const DAY_MS = 24 * 3_600_000;

function setUp() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const engine = createMemoryEngine({ ...engineOptions(), clock, random: seededRandom() }, store);
  return { clock, store, engine };
}

const sizesOf = (store: MemoryStore): Record<string, number> =>
  Object.fromEntries(Object.entries(store).map(([name, map]) => [name, (map as Map<string, unknown>).size]));

describe('the embedded engine', () => {
  test('forgets everything that has expired, though nobody asks about it any more', async () => {
    const { clock, store, engine } = setUp();
    for (let n = 0; n < 50; n++) {
      const userId = freshUser();
      const connectionId = freshId();
      const times = { connectedAt: 0, lastHeartbeat: 0, lastSequenceId: 0 };
      await engine.streams.claim(freshKey(), 'body');
      await append(engine, userId);
      await engine.streams.append(progressOf(userId), freshKey());
      await engine.registry.admit({ connectionId, userId, address: freshId(), reserve: true });
      await engine.registry.refresh([
        { connectionId, userId, filters: NO_FILTERS, isDraining: false, ...times },
      ]);
      await engine.registry.announce({
        instanceId: freshId(),
        hostname: 'box',
        port: 1,
        startedAt: 0,
        lastHeartbeat: 0,
        connectionCount: 0,
        status: 'active',
      });
      await engine.handover.subscribe(userId);
      await engine.handover.unsubscribe(userId);
    }
    await clock.advance(20 * 60_000);
    expect(sizesOf(store)).toMatchObject({ claims: 0, results: 0, subscriptions: 0, connections: 0 });
    expect(sizesOf(store)).toMatchObject({ progress: 0 });
    expect(sizesOf(store)).toMatchObject({ instances: 0, connectionsOfUser: 0, upgradesOfNetwork: 0 });
    expect([...store.streams.values()].map(({ log }) => log.length)).toEqual(Array(50).fill(0));
    await clock.advance(7 * DAY_MS);
    expect(store.streams.size).toBe(0);
    await engine.close();
    expect(clock.timers).toBe(0);
  });

  test('who is turned away or only asks leaves no trace', async () => {
    const { store, engine } = setUp();
    const request = { connectionId: freshId(), userId: freshUser(), address: freshId() };
    for (let n = 0; n < 10; n++) await engine.registry.admit({ ...request, reserve: false });
    expect(sizesOf(store)).toMatchObject({ connectionsOfUser: 0, upgradesOfNetwork: 0 });
  });

  test('goes by elapsed time: a wall clock that is set forward expires nothing', async () => {
    const { clock, engine } = setUp();
    const user = freshUser();
    const instanceId = freshId();
    const instance = { instanceId, hostname: 'box', port: 1, startedAt: 0, lastHeartbeat: 0 };
    await appendMany(engine, user, 2);
    await engine.registry.announce({ ...instance, connectionCount: 0, status: 'active' });
    clock.jumpWallClock(DAY_MS);
    await append(engine, user);
    expect(await loggedIds(engine, user)).toEqual([1, 2, 3]);
    expect(await engine.registry.instances()).toHaveLength(1);
    clock.jumpWallClock(-3 * DAY_MS);
    await clock.advance(CONNECTION_LEASE_MS);
    expect(await engine.registry.instances()).toHaveLength(0);
  });

  test('a limit of very many places is no burden on the stack', async () => {
    const clock = new ManualClock();
    const options = { ...engineOptions({ connectRatePerAddress: 150_000 }), clock, random: seededRandom() };
    const engine = createMemoryEngine(options);
    const ask = (n: number) =>
      engine.registry.admit({ connectionId: `c-${n}`, userId: `u-${n}`, address: 'one', reserve: true });
    for (let n = 0; n < 150_000; n++) await ask(n);
    expect(await ask(150_000)).toEqual({ kind: 'too_many_upgrades', retryAfterMs: 60_000 });
  }, 30_000);

  test('can lose hand-overs and tell of an interruption, for tests', async () => {
    const { store, engine } = setUp();
    const recorder = new Recorder(engine);
    const user = freshUser();
    await engine.handover.subscribe(user);
    engine.handover.lose(({ header }) => header.position?.sequenceId === 2);
    await appendMany(engine, user, 3);
    engine.handover.lose(null);
    await append(engine, user);
    expect(idsOf(recorder.of(user))).toEqual([1, 3, 4]);
    engine.handover.interrupt();
    expect(recorder.interruptions).toBe(1);
    const { epoch } = await engine.streams.open(user);
    store.flush();
    const again = await append(engine, user);
    expect(again.sequenceId).toBe(1);
    expect(again.epoch).not.toBe(epoch);
    expect(recorder.of(user)).toHaveLength(4);
  });
});
