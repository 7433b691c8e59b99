import { describe, expect, it } from 'vitest';
import type { ConnectionEntry } from '../../../src/core/ports/engine.ts';
import { aloneInstance, TestCluster } from '../../support/test-instance.ts';

/** The lease of a registry entry, in ms. */
const LEASE = 60_000;

describe('the registry', () => {
  it('has a connection from when it opens, seen from every instance', async () => {
    const cluster = new TestCluster();
    const [one, other] = [cluster.instance('i-1'), cluster.instance('i-2')];
    const socket = await one.connect({ query: 'agent_ids=a-1' });
    expect(await other.engine.registry.connectionsOf('u-1')).toMatchObject([
      {
        connectionId: socket.frames[0]?.payload.connection_id,
        userId: 'u-1',
        instanceId: 'i-1',
        connectedAt: cluster.clock.now(),
        filters: { agent_ids: ['a-1'] },
        lastSequenceId: 0,
        isDraining: false,
      },
    ]);
  });

  it('keeps connections and instance for as long as they live', async () => {
    const instance = aloneInstance();
    await instance.core.start(8080);
    const socket = await instance.connect();
    socket.onFrame = toPing(() => socket.says({ type: 'PONG' }));
    await instance.clock.advance(10 * LEASE);
    expect(await instance.engine.registry.connectionsOf('u-1')).toHaveLength(1);
    expect(await instance.engine.registry.instances()).toMatchObject([
      { instanceId: 'i-1', hostname: 'box', port: 8080, connectionCount: 1, status: 'active' },
    ]);
  });

  it('loses what a dead instance left within 90 seconds (G9)', async () => {
    const cluster = new TestCluster({ maxConnectionsPerUser: 1 });
    const [dead, survivor] = [cluster.instance('i-1'), cluster.instance('i-2')];
    await dead.core.start(1);
    await survivor.core.start(2);
    await dead.connect();
    dead.engine.registry.refresh = () => Promise.resolve();
    dead.engine.registry.announce = () => Promise.resolve();
    await cluster.clock.advance(90_000);
    expect(await survivor.engine.registry.connectionsOf('u-1')).toEqual([]);
    expect(await survivor.engine.registry.instances()).toMatchObject([{ instanceId: 'i-2' }]);
    expect((await survivor.apply()).kind).toBe('accepted');
  });

  it('is refreshed in batches, without what closed meanwhile', async () => {
    const instance = aloneInstance({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    const sockets = await Promise.all(Array.from({ length: 600 }, () => instance.connect()));
    const before = instance.engine.of('refresh').length;
    const release = instance.engine.hold('refresh', 'answer');
    await instance.clock.advance(20_000);
    for (const socket of sockets.slice(300)) socket.leave();
    release();
    await instance.clock.settle();
    const batches = instance.engine.of('refresh').slice(before) as ConnectionEntry[][];
    expect(batches[0]).toHaveLength(250);
    expect(batches.flat()).toHaveLength(300);
    expect(await instance.engine.registry.connectionsOf('u-1')).toHaveLength(300);
  });

  it('is put right by the next refresh where it could not be written', async () => {
    const instance = aloneInstance();
    instance.engine.losesAnswers = (what) => what === 'refresh';
    const refresh = instance.memory.registry.refresh.bind(instance.memory.registry);
    instance.memory.registry.refresh = () => Promise.resolve();
    const socket = await instance.connect();
    socket.onFrame = toPing(() => socket.says({ type: 'PONG' }));
    expect(await instance.engine.registry.connectionsOf('u-1')).toEqual([]);
    expect(instance.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'registering a connection failed' }),
    );
    instance.memory.registry.refresh = refresh;
    instance.engine.losesAnswers = () => false;
    await instance.clock.advance(20_000);
    expect(await instance.engine.registry.connectionsOf('u-1')).toHaveLength(1);
    expect(socket.closedWith).toBeNull();
  });
});

/** What a client does when it is pinged. */
function toPing(answer: () => void): (frame: { readonly type: string }) => void {
  return ({ type }) => {
    if (type === 'PING') answer();
  };
}
