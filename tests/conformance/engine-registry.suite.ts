import { expect, test } from 'vitest';
import type { ConnectionEntry, Engine, InstanceEntry } from '../../src/core/ports/engine.ts';
import { CONNECTION_LEASE_MS } from '../../src/core/ports/engine.ts';
import { NO_FILTERS } from '../../src/protocol/filters.ts';
import { freshId, freshUser } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const NOON = Date.UTC(2026, 0, 8, 12);

const connectionOf = (userId: string, fields: Partial<ConnectionEntry> = {}): ConnectionEntry => ({
  connectionId: freshId(),
  userId,
  connectedAt: NOON,
  lastHeartbeat: NOON + 30_000,
  filters: NO_FILTERS,
  lastSequenceId: 0,
  isDraining: false,
  ...fields,
});

const instanceOf = (fields: Partial<InstanceEntry> = {}): InstanceEntry => ({
  instanceId: `i-${freshId()}`,
  hostname: 'box-1.example.com',
  port: 8080,
  startedAt: NOON,
  lastHeartbeat: NOON + 20_000,
  connectionCount: 3,
  status: 'active',
  ...fields,
});

async function idsOf(engine: Engine, userId: string): Promise<string[]> {
  const found = await engine.registry.connectionsOf(userId);
  return found.map(({ connectionId }) => connectionId).sort();
}

/** Of the instances that a test announced: others share the registry. */
async function known(engine: Engine, ...ids: string[]): Promise<InstanceEntry[]> {
  const all = await engine.registry.instances();
  return ids.flatMap((id) => all.filter(({ instanceId }) => instanceId === id));
}

export function registrySuite(rig: PresentRig): void {
  test("a user's connections stand there for every instance, each with its own", async () => {
    const [here, there] = [`i-${freshId()}`, `i-${freshId()}`];
    const one = await rig().engine({ instanceId: here });
    const other = await rig().engine({ instanceId: there });
    const user = freshUser();
    const first = connectionOf(user, { isDraining: true, lastSequenceId: 41 });
    const filters = { agent_ids: ['a-1', 'a:2'], project_ids: null, event_types: [] };
    const second = connectionOf(user, { filters });
    await one.registry.refresh([first]);
    await other.registry.refresh([second]);
    const found = await one.registry.connectionsOf(user);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ ...first, instanceId: here });
    expect(found).toContainEqual({ ...second, instanceId: there });
  });

  test('what is no connection is found as none, whatever it is called', async () => {
    const instanceId = `i-${freshId()}`;
    const engine = await rig().engine({ instanceId });
    const entry = connectionOf(freshUser());
    await engine.registry.refresh([entry]);
    for (const name of [`user:${entry.userId}`, `instance:${instanceId}`, '', 'x'.repeat(10_000), '€\0'])
      expect(await engine.registry.connection(name)).toBeNull();
    expect(await engine.registry.connection(entry.connectionId)).toMatchObject(entry);
  });

  test('a refresh tells the latest', async () => {
    const engine = await rig().engine();
    const entry = connectionOf(freshUser());
    await engine.registry.refresh([entry]);
    const later = { ...entry, lastHeartbeat: NOON + 60_000, lastSequenceId: 7, isDraining: true };
    await engine.registry.refresh([later]);
    expect(await engine.registry.connectionsOf(entry.userId)).toEqual([
      { ...later, instanceId: expect.any(String) },
    ]);
  });

  test('connections that are removed are gone; nothing else is', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const user = freshUser();
    const [stays, goes, elsewhere] = [connectionOf(user), connectionOf(user), connectionOf(`${user}:`)];
    await one.registry.refresh([stays, goes, elsewhere]);
    await other.registry.remove([goes, { connectionId: freshId(), userId: user }]);
    expect(await idsOf(one, user)).toEqual([stays.connectionId]);
    expect(await idsOf(one, `${user}:`)).toEqual([elsewhere.connectionId]);
    await one.registry.remove([]);
    await one.registry.refresh([]);
  });

  test('G9: what is not refreshed is gone after its lease, what is refreshed stays', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const [alive, dead] = [connectionOf(user), connectionOf(user)];
    const names = [user, alive.connectionId, dead.connectionId];
    await engine.registry.refresh([alive, dead]);
    await rig().age(CONNECTION_LEASE_MS * 0.7, ...names);
    expect(await idsOf(engine, user)).toHaveLength(2);
    await engine.registry.refresh([alive]);
    await rig().age(CONNECTION_LEASE_MS * 0.7, ...names);
    expect(await idsOf(engine, user)).toEqual([alive.connectionId]);
    await rig().age(CONNECTION_LEASE_MS, ...names);
    expect(await idsOf(engine, user)).toEqual([]);
  });

  test('a place that was only reserved is no connection', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const connectionId = freshId();
    await engine.registry.admit({ connectionId, userId: user, address: freshId(), reserve: true });
    expect(await idsOf(engine, user)).toEqual([]);
  });

  test('hundreds of connections in one refresh', async () => {
    const engine = await rig().engine();
    const user = freshUser();
    const entries = Array.from({ length: 300 }, () => connectionOf(user));
    await engine.registry.refresh(entries);
    expect(await idsOf(engine, user)).toEqual(entries.map(({ connectionId }) => connectionId).sort());
    await engine.registry.remove(entries);
    expect(await idsOf(engine, user)).toEqual([]);
  });

  test('instances are seen by each other, as they last announced themselves', async () => {
    const [one, other] = await Promise.all([rig().engine(), rig().engine()]);
    const first = instanceOf({ status: 'draining', connectionCount: 0 });
    const second = instanceOf();
    await Promise.all([one.registry.announce(first), other.registry.announce(second)]);
    expect(await known(one, first.instanceId, second.instanceId)).toEqual([first, second]);
    const later = { ...second, connectionCount: 9, lastHeartbeat: NOON + 40_000 };
    await other.registry.announce(later);
    expect(await known(one, first.instanceId, second.instanceId)).toEqual([first, later]);
  });

  test('an instance that withdraws is gone', async () => {
    const engine = await rig().engine();
    const [stays, goes] = [instanceOf(), instanceOf()];
    await engine.registry.announce(stays);
    await engine.registry.announce(goes);
    await engine.registry.withdraw(goes.instanceId);
    expect(await known(engine, stays.instanceId, goes.instanceId)).toEqual([stays]);
  });

  test('G9: an instance that is silent for 60 s is gone', async () => {
    const engine = await rig().engine();
    const [alive, dead] = [instanceOf(), instanceOf()];
    const names = [alive.instanceId, dead.instanceId];
    await engine.registry.announce(alive);
    await engine.registry.announce(dead);
    await rig().age(40_000, ...names);
    await engine.registry.announce(alive);
    await rig().age(21_000, ...names);
    expect(await known(engine, ...names)).toEqual([alive]);
  });

  test('an announcement tells whether the instance was known', async () => {
    const engine = await rig().engine();
    const instance = instanceOf();
    expect(await engine.registry.announce(instance)).toBe(false);
    expect(await engine.registry.announce(instance)).toBe(true);
    const twin = { ...instance, startedAt: NOON + 1 };
    expect(await engine.registry.announce(twin)).toBe(false);
    expect(await engine.registry.announce(instance)).toBe(false);
    expect(await engine.registry.announce(instance)).toBe(true);
    await rig().age(61_000, instance.instanceId);
    expect(await engine.registry.announce(instance)).toBe(false);
    await engine.registry.withdraw(instance.instanceId);
    expect(await engine.registry.announce(instance)).toBe(false);
  });

  test('one connection is found by its id alone, with the instance that has it', async () => {
    const engine = await rig().engine({ instanceId: `i-${freshId()}` });
    const other = await rig().engine();
    const entry = connectionOf(freshUser());
    await engine.registry.refresh([entry]);
    expect(await other.registry.connection(entry.connectionId)).toEqual({
      ...entry,
      instanceId: expect.any(String),
    });
    expect(await other.registry.connection(freshId())).toBeNull();
    await rig().age(CONNECTION_LEASE_MS + 1, entry.userId, entry.connectionId);
    expect(await other.registry.connection(entry.connectionId)).toBeNull();
  });

  test('G9: what a dead instance left is cleared by one survivor, and nothing of others', async () => {
    const dead = instanceOf();
    const alive = instanceOf();
    const [gone, survivor, another] = await Promise.all([
      rig().engine({ instanceId: dead.instanceId, maxConnectionsPerUser: 1 }),
      rig().engine({ instanceId: alive.instanceId, maxConnectionsPerUser: 1 }),
      rig().engine(),
    ]);
    const user = freshUser();
    const left = Array.from({ length: 300 }, () => connectionOf(freshUser()));
    const [lost, kept] = [connectionOf(user), connectionOf(user)];
    await Promise.all([gone.registry.announce(dead), survivor.registry.announce(alive)]);
    await gone.registry.refresh([lost, ...left]);
    await survivor.registry.refresh([kept]);
    await rig().age(15_000, dead.instanceId, alive.instanceId);
    await survivor.registry.announce(alive);
    expect(await survivor.registry.dead()).not.toContain(dead.instanceId);
    await rig().age(6_000, dead.instanceId, alive.instanceId);

    const asked = [await survivor.registry.dead(), await another.registry.dead()];
    expect(asked[0]).toContain(dead.instanceId);
    expect(asked.flat()).not.toContain(alive.instanceId);
    expect(await survivor.registry.clear(dead.instanceId)).toBe(301);
    expect(await idsOf(survivor, user)).toEqual([kept.connectionId]);
    expect(await survivor.registry.connection(lost.connectionId)).toBeNull();
    expect(await survivor.registry.connection(left[299]?.connectionId ?? '')).toBeNull();
    expect(await another.registry.dead()).not.toContain(dead.instanceId);
    // Its place is free as well.
    const place = { connectionId: freshId(), address: freshId(), reserve: true };
    const admitted = await survivor.registry.admit({ ...place, userId: left[0]?.userId ?? '' });
    expect(admitted).toEqual({ kind: 'admitted' });
  });

  test('what connections of an instance are is forgotten as they leave', async () => {
    const instanceId = `i-${freshId()}`;
    const engine = await rig().engine({ instanceId });
    const entries = [connectionOf(freshUser()), connectionOf(freshUser())];
    await engine.registry.refresh(entries);
    await engine.registry.remove(entries.slice(1));
    expect(await engine.registry.clear(instanceId)).toBe(1);
    expect(await engine.registry.clear(instanceId)).toBe(0);
  });
}
