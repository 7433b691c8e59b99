import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Admission, AdmissionRequest, Engine } from '../../src/core/ports/engine.ts';
import { CONNECTION_LEASE_MS } from '../../src/core/ports/engine.ts';
import { NO_FILTERS } from '../../src/protocol/filters.ts';
import { freshId, freshUser } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

/** An address that no other test has; engines take any text for one. */
const freshAddress = (): string => `address-${freshId()}`;

/** The first half of an IPv6 address. */
const freshNetwork = (): string => {
  const group = () => randomInt(0x1000, 0x10000).toString(16);
  return `2001:db8:${group()}:${group()}`;
};

const admit = (engine: Engine, request: Partial<AdmissionRequest>): Promise<Admission> =>
  engine.registry.admit({
    connectionId: freshId(),
    userId: freshUser(),
    address: freshAddress(),
    reserve: true,
    ...request,
  });

async function kinds(admissions: Iterable<Promise<Admission>>): Promise<string[]> {
  return (await Promise.all(admissions)).map(({ kind }) => kind);
}

const times = <Item>(count: number, make: () => Item): Item[] => Array.from({ length: count }, make);

export function admissionSuite(rig: PresentRig): void {
  test('a user has at most so many connections over all engines', async () => {
    const limit = { maxConnectionsPerUser: 3 };
    const [one, other] = await Promise.all([rig().engine(limit), rig().engine(limit)]);
    const userId = freshUser();
    expect(await kinds([admit(one, { userId }), admit(other, { userId }), admit(one, { userId })])).toEqual(
      Array(3).fill('admitted'),
    );
    const refused = await admit(other, { userId });
    expect(refused).toEqual({ kind: 'too_many_connections', retryAfterMs: expect.any(Number) });
    expect(refused).toHaveProperty('retryAfterMs', 5_000);
    expect(await kinds([admit(other, {})])).toEqual(['admitted']);
  });

  test('a limit holds where many ask at once', async () => {
    const limits = { maxConnectionsPerUser: 7, connectRatePerAddress: 9 };
    const [one, other] = await Promise.all([rig().engine(limits), rig().engine(limits)]);
    const [userId, address] = [freshUser(), freshAddress()];
    const ofUser = await kinds(
      times(20, () => [one, other])
        .flat()
        .map((engine) => admit(engine, { userId })),
    );
    expect(ofUser.filter((kind) => kind === 'admitted')).toHaveLength(7);
    const ofAddress = await kinds(
      times(20, () => [one, other])
        .flat()
        .map((engine) => admit(engine, { address })),
    );
    expect(ofAddress.filter((kind) => kind === 'admitted')).toHaveLength(9);
  });

  test('an address has at most so many upgrades a minute over all engines', async () => {
    const limit = { connectRatePerAddress: 2 };
    const [one, other] = await Promise.all([rig().engine(limit), rig().engine(limit)]);
    const address = freshAddress();
    expect(await kinds([admit(one, { address }), admit(other, { address })])).toEqual([
      'admitted',
      'admitted',
    ]);
    expect((await admit(one, { address })).kind).toBe('too_many_upgrades');
    expect((await admit(one, { address: `${address}0` })).kind).toBe('admitted');
  });

  test('addresses of one IPv6 network (/64) count together, those of others do not', async () => {
    const engine = await rig().engine({ connectRatePerAddress: 2 });
    const network = freshNetwork();
    const addresses = [`${network}::1`, `${network}:a:b:c:d`, `${network}::3`, `${freshNetwork()}::1`];
    const found: string[] = [];
    for (const address of addresses) found.push((await admit(engine, { address })).kind);
    expect(found).toEqual(['admitted', 'admitted', 'too_many_upgrades', 'admitted']);
  });

  test('what was given back may be taken from anywhere in its network', async () => {
    const engine = await rig().engine({ connectRatePerAddress: 1 });
    const network = freshNetwork();
    const taken = { connectionId: freshId(), userId: freshUser(), address: `${network}::1` };
    await admit(engine, taken);
    await engine.registry.giveBack(taken);
    expect((await admit(engine, { address: `${network}::2` })).kind).toBe('admitted');
  });

  test('the minute slides: no minute has more than the limit, wherever it begins', async () => {
    const engine = await rig().engine({ connectRatePerAddress: 4 });
    const address = freshAddress();
    const attempts = () => kinds(times(6, () => admit(engine, { address })));
    const admittedOf = async () => (await attempts()).filter((kind) => kind === 'admitted').length;
    await admit(engine, { address });
    await rig().age(50_000, address);
    // Three just before the border of a minute that began with the first, and just behind it only one.
    expect(await admittedOf()).toBe(3);
    await rig().age(11_000, address);
    expect(await admittedOf()).toBe(1);
    await rig().age(50_000, address);
    expect(await admittedOf()).toBe(3);
  });

  test('where others allow more, the wait is until there is room under the own limit', async () => {
    const [wide, narrow] = [
      await rig().engine({ connectRatePerAddress: 5 }),
      await rig().engine({ connectRatePerAddress: 2 }),
    ];
    const address = freshAddress();
    for (let n = 0; n < 3; n++) await admit(wide, { address });
    await rig().age(20_000, address);
    await admit(wide, { address });
    await rig().age(20_000, address);
    await admit(wide, { address });
    // Five within a minute: three go after 20 s, which leaves two; the fourth goes after 40.
    const refused = await admit(narrow, { address });
    const retryAfterMs = refused.kind === 'admitted' ? 0 : refused.retryAfterMs;
    expect(retryAfterMs).toBeGreaterThan(35_000);
    expect(retryAfterMs).toBeLessThanOrEqual(40_000);
    await rig().age(retryAfterMs + 1_000, address);
    expect((await admit(narrow, { address })).kind).toBe('admitted');
  });

  test('who is refused for the address is told when the first upgrade stops counting', async () => {
    const engine = await rig().engine({ connectRatePerAddress: 2 });
    const address = freshAddress();
    await admit(engine, { address });
    await rig().age(20_000, address);
    await admit(engine, { address });
    const refused = await admit(engine, { address });
    const retryAfterMs = refused.kind === 'admitted' ? null : refused.retryAfterMs;
    expect(retryAfterMs).toBeGreaterThan(30_000);
    expect(retryAfterMs).toBeLessThanOrEqual(40_000);
    expect(Number.isInteger(retryAfterMs)).toBe(true);
    await rig().age(41_000, address);
    expect((await admit(engine, { address })).kind).toBe('admitted');
    expect((await admit(engine, { address })).kind).toBe('too_many_upgrades');
  });

  test('G12: who is refused takes nothing', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 1, connectRatePerAddress: 3 });
    const [userId, address] = [freshUser(), freshAddress()];
    const connectionId = freshId();
    await admit(engine, { userId, address, connectionId });
    const refused = await kinds(times(5, () => admit(engine, { userId, address })));
    expect(refused).toEqual(Array(5).fill('too_many_connections'));
    expect(await kinds(times(2, () => admit(engine, { address })))).toEqual(['admitted', 'admitted']);
    await engine.registry.remove([{ connectionId, userId }]);
    expect((await admit(engine, { userId, address })).kind).toBe('too_many_upgrades');
    expect((await admit(engine, { userId })).kind).toBe('admitted');
  });

  test('G12: who only asks takes nothing, and is told what it would be', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 1, connectRatePerAddress: 1 });
    const [userId, address] = [freshUser(), freshAddress()];
    const asked = await kinds(times(5, () => admit(engine, { userId, address, reserve: false })));
    expect(asked).toEqual(Array(5).fill('admitted'));
    await admit(engine, { userId, address });
    expect((await admit(engine, { address, reserve: false })).kind).toBe('too_many_upgrades');
    expect((await admit(engine, { userId, reserve: false })).kind).toBe('too_many_connections');
  });

  test('a place falls free when its connection is removed, used or not', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 1 });
    const userId = freshUser();
    for (let round = 0; round < 3; round++) {
      const connectionId = freshId();
      expect((await admit(engine, { userId, connectionId })).kind).toBe('admitted');
      if (round === 1) await engine.registry.refresh([entryOf(connectionId, userId)]);
      expect((await admit(engine, { userId })).kind).toBe('too_many_connections');
      await engine.registry.remove([{ connectionId, userId }]);
    }
  });

  test('G9: a place falls free when its connection is no longer refreshed, and not before', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 1 });
    const userId = freshUser();
    const connectionId = freshId();
    await admit(engine, { userId, connectionId });
    await rig().age(CONNECTION_LEASE_MS * 0.7, userId, connectionId);
    await engine.registry.refresh([entryOf(connectionId, userId)]);
    await rig().age(CONNECTION_LEASE_MS * 0.7, userId, connectionId);
    expect((await admit(engine, { userId })).kind).toBe('too_many_connections');
    await rig().age(CONNECTION_LEASE_MS * 0.4, userId, connectionId);
    expect((await admit(engine, { userId })).kind).toBe('admitted');
  });

  test('G9: it falls free also where an older connection of the user is kept', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 2 });
    const [userId, kept, left] = [freshUser(), freshId(), freshId()];
    await admit(engine, { userId, connectionId: kept });
    await admit(engine, { userId, connectionId: left });
    await rig().age(CONNECTION_LEASE_MS * 0.7, userId);
    await engine.registry.refresh([entryOf(kept, userId)]);
    await rig().age(CONNECTION_LEASE_MS * 0.4, userId);
    expect((await admit(engine, { userId })).kind).toBe('admitted');
    expect((await admit(engine, { userId })).kind).toBe('too_many_connections');
  });

  test('a connection that was refreshed without asking counts', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 1 });
    const userId = freshUser();
    await engine.registry.refresh([entryOf(freshId(), userId)]);
    expect((await admit(engine, { userId })).kind).toBe('too_many_connections');
  });

  test('leaving gives back no upgrade: it is the rate that is limited', async () => {
    const engine = await rig().engine({ connectRatePerAddress: 1 });
    const [userId, address, connectionId] = [freshUser(), freshAddress(), freshId()];
    await admit(engine, { userId, address, connectionId });
    await engine.registry.remove([{ connectionId, userId }]);
    expect((await admit(engine, { userId, address })).kind).toBe('too_many_upgrades');
  });

  test('0 is no limit', async () => {
    const engine = await rig().engine({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    const [userId, address] = [freshUser(), freshAddress()];
    const all = await kinds(times(400, () => admit(engine, { userId, address })));
    expect(new Set(all)).toEqual(new Set(['admitted']));
  });
}

const entryOf = (connectionId: string, userId: string) => ({
  connectionId,
  userId,
  connectedAt: 0,
  lastHeartbeat: 0,
  filters: NO_FILTERS,
  lastSequenceId: 0,
  isDraining: false,
});
