import { describe, expect, it } from 'vitest';
import type { ConnectionEntry } from '../../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { aloneInstance, TestCluster } from '../../support/test-instance.ts';

/** The lease of a registry entry, in ms. */
const LEASE = 85_000;

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
    dead.engine.registry.announce = () => Promise.resolve(true);
    await cluster.clock.advance(90_000);
    expect(await survivor.engine.registry.connectionsOf('u-1')).toEqual([]);
    expect(await survivor.engine.registry.instances()).toMatchObject([{ instanceId: 'i-2' }]);
    expect((await survivor.apply()).kind).toBe('accepted');
  });

  it('does not take others for dead that were silent because the engine was away', async () => {
    const cluster = new TestCluster();
    const pair = [cluster.instance('i-1'), cluster.instance('i-2')];
    for (const instance of pair) await instance.core.start(1);
    for (const instance of pair) {
      const socket = await instance.connect();
      socket.onFrame = toPing(() => socket.says({ type: 'PONG' }));
    }
    for (const { engine } of pair) engine.isAway = true;
    await cluster.clock.advance(40_000);
    for (const { engine } of pair) engine.isAway = false;
    await cluster.clock.advance(40_000);
    const lines = pair.flatMap(({ log }) => log.lines.map(({ message }) => message));
    expect(lines).not.toContain('cleared what a dead instance left');
    expect(await pair[0]?.engine.registry.connectionsOf('u-1')).toHaveLength(2);
  });

  it('loses what a dead instance left within half a minute, where others live', async () => {
    const cluster = new TestCluster();
    const [dead, survivor] = [cluster.instance('i-1'), cluster.instance('i-2')];
    await dead.core.start(1);
    await survivor.core.start(2);
    await dead.connect();
    dead.engine.isAway = true;
    await cluster.clock.advance(30_000);
    expect(await survivor.engine.registry.connectionsOf('u-1')).toEqual([]);
  });

  it('is refreshed in batches, without what closed meanwhile', async () => {
    const instance = aloneInstance({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    await instance.core.start(1);
    const sockets = await Promise.all(Array.from({ length: 600 }, () => instance.connect()));
    const before = instance.engine.of('refresh').length;
    const release = instance.engine.hold('refresh', 'answer');
    await instance.clock.advance(40_000);
    for (const socket of sockets.slice(300)) socket.leave();
    release();
    await instance.clock.advance(3_000);
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

  it('tells new filters and positions within a second or two, in one batch', async () => {
    const instance = aloneInstance();
    const [one, other] = [await instance.connect(), await instance.connect()];
    const before = instance.engine.of('refresh').length;
    one.says({ type: 'SUBSCRIBE', payload: { agent_ids: ['a-7'] } });
    one.says({ type: 'PONG', payload: { last_sequence_id: 41 } });
    other.says({ type: 'PONG', payload: { last_sequence_id: 42 } });
    await instance.clock.advance(2_000);
    expect(instance.engine.of('refresh').slice(before)).toHaveLength(1);
    expect(await instance.engine.registry.connectionsOf('u-1')).toMatchObject([
      { filters: { agent_ids: ['a-7'] }, lastSequenceId: 41 },
      { lastSequenceId: 42 },
    ]);
  });

  it('is not written by a PONG that says nothing new', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    socket.says({ type: 'PONG', payload: { last_sequence_id: 41 } });
    await instance.clock.advance(2_000);
    const before = instance.engine.of('refresh').length;
    socket.says({ type: 'PONG', payload: { last_sequence_id: 41 } });
    socket.says({ type: 'PONG' });
    await instance.clock.advance(2_000);
    expect(instance.engine.of('refresh')).toHaveLength(before);
  });

  it('is written anew where the engine has lost it', async () => {
    const instance = aloneInstance();
    await instance.core.start(1);
    const socket = await instance.connect();
    socket.onFrame = toPing(() => socket.says({ type: 'PONG' }));
    instance.store.flush();
    await instance.clock.advance(6_000);
    expect(await instance.engine.registry.instances()).toHaveLength(1);
    expect(await instance.engine.registry.connectionsOf('u-1')).toHaveLength(1);
  });

  it('is refreshed in small parts, where thousands of connections came at once', async () => {
    const instance = aloneInstance({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    await instance.core.start(1);
    for (let n = 0; n < 2_000; n++) await instance.connect({ user: `u-${n % 50}` });
    const sizes: number[] = [];
    let before = instance.engine.of('refresh').length;
    for (let second = 0; second < 60; second++) {
      await instance.clock.advance(1_000);
      const batches = instance.engine.of('refresh') as ConnectionEntry[][];
      sizes.push(batches.slice(before).flat().length);
      before = batches.length;
    }
    expect(Math.max(...sizes)).toBe(250);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(2_000);
  });

  it('keeps the lease of quiet connections, though others change without end', async () => {
    const instance = aloneInstance({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    await instance.core.start(1);
    const quiet = await instance.connect({ user: 'quiet' });
    quiet.onFrame = toPing(() => quiet.says({ type: 'PONG' }));
    const busy = await Promise.all(Array.from({ length: 300 }, () => instance.connect()));
    for (let second = 1; second < 2 * (LEASE / 1_000); second++) {
      for (const socket of busy) socket.says({ type: 'PONG', payload: { last_sequence_id: second } });
      await instance.clock.advance(1_000);
      expect(await instance.engine.registry.connectionsOf('quiet')).toHaveLength(1);
    }
  });

  it('holds no place for what left, or was refused, while the engine was away', async () => {
    const instance = aloneInstance({ maxConnectionsPerUser: 2 });
    const { registry } = instance.memory;
    const { remove, giveBack } = registry;
    const socket = await instance.connect();
    instance.engine.losesAnswers = (what) => what === 'open';
    const away = () => Promise.reject(new EngineUnavailable('away'));
    Object.assign(registry, { remove: away, giveBack: away });
    socket.leave();
    await instance.clock.settle();
    expect((await instance.apply()).kind).toBe('refused');
    await instance.clock.advance(10_000);
    expect(instance.store.connectionsOfUser.get('u-1')?.size).toBe(2);
    Object.assign(registry, { remove: remove.bind(registry), giveBack: giveBack.bind(registry) });
    await instance.clock.advance(1_000);
    expect(instance.store.connectionsOfUser.size).toBe(0);
    expect(instance.store.connections.size).toBe(0);
  });

  it('forgets what could not be taken out once its lease has ended', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    const asked: unknown[] = [];
    instance.memory.registry.remove = (connections) => {
      asked.push(connections);
      return Promise.reject(new EngineUnavailable('away'));
    };
    socket.leave();
    await instance.clock.advance(LEASE + 2_000);
    const before = asked.length;
    await instance.clock.advance(10_000);
    expect(asked).toHaveLength(before);
  });

  it('is written anew after an announcement of which nobody knows what it found', async () => {
    const instance = aloneInstance();
    await instance.core.start(1);
    await instance.connect();
    const { registry } = instance.memory;
    const announce = registry.announce.bind(registry);
    instance.store.flush();
    registry.announce = async (entry) => {
      await announce(entry);
      throw new EngineUnavailable('the answer was lost');
    };
    await instance.clock.advance(7_000);
    expect(await instance.engine.registry.connectionsOf('u-1')).toHaveLength(1);
  });

  it('says once, not every second, that it cannot be written', async () => {
    const instance = aloneInstance();
    await instance.core.start(1);
    await instance.connect();
    instance.engine.isAway = true;
    await instance.clock.advance(60_000);
    const failed = instance.log.lines.filter(({ message }) => message === 'keeping the registry failed');
    expect(failed).toHaveLength(1);
  });

  it('has nothing of an earlier life of the same instance once it starts', async () => {
    const cluster = new TestCluster({ maxConnectionsPerUser: 1 });
    const former = cluster.instance('i-1');
    await former.core.start(1);
    await former.connect();
    const present = cluster.instance('i-1');
    await present.core.begin();
    await present.core.start(1);
    expect(await present.engine.registry.connectionsOf('u-1')).toEqual([]);
    expect((await present.apply()).kind).toBe('accepted');
  });

  it('has everything of two that go by one id, and their logs say so', async () => {
    const cluster = new TestCluster();
    const former = cluster.instance('i-1');
    await former.core.start(1);
    await former.connect();
    await cluster.clock.advance(10_000);
    const latter = cluster.instance('i-1');
    await latter.core.begin();
    await latter.core.start(2);
    await latter.connect();
    await cluster.clock.advance(7_000);
    expect(await latter.engine.registry.connectionsOf('u-1')).toHaveLength(2);
    const message = expect.stringContaining('another process goes by its id');
    expect(former.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', message }));
    await latter.core.stop();
    await cluster.clock.advance(7_000);
    expect(await former.engine.registry.connectionsOf('u-1')).toHaveLength(1);
    expect(await former.engine.registry.instances()).toMatchObject([{ port: 1 }]);
  });

  it('is left by an instance that stops, and by every timer of it', async () => {
    const instance = aloneInstance();
    await instance.core.start(1);
    await instance.connect();
    await instance.core.stop();
    expect(await instance.memory.registry.connectionsOf('u-1')).toEqual([]);
    expect(await instance.memory.registry.instances()).toEqual([]);
    expect(instance.clock.timers).toBe(0);
  });
});

/** What a client does when it is pinged. */
function toPing(answer: () => void): (frame: { readonly type: string }) => void {
  return ({ type }) => {
    if (type === 'PING') answer();
  };
}
