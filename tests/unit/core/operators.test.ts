import { describe, expect, it } from 'vitest';
import type { Disconnection } from '../../../src/core/operators.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import type { ConnectOptions, TestInstance } from '../../support/test-instance.ts';
import { TestCluster } from '../../support/test-instance.ts';

async function startPair() {
  const cluster = new TestCluster();
  const [here, there] = [cluster.instance('i-1'), cluster.instance('i-2')];
  await here.core.start(1);
  await there.core.start(2);
  /** What an order gets, with the time that it needs. */
  const ordered = async (order: Promise<Disconnection>): Promise<Disconnection> => {
    const [result] = await Promise.all([order, cluster.clock.advance(2_000)]);
    return result;
  };
  return { cluster, here, there, ordered };
}

async function connected(instance: TestInstance, options?: ConnectOptions) {
  const socket = await instance.connect(options);
  return { socket, id: String(socket.frames[0]?.payload.connection_id) };
}

describe('operators', () => {
  it('disconnect one connection on another instance, and no other', async () => {
    const { here, there, ordered } = await startPair();
    const [goes, stays] = [await connected(there), await connected(there)];
    const result = await ordered(here.core.routes.operators.disconnectConnection(goes.id));
    expect(result).toEqual({ kind: 'disconnected', connectionIds: [goes.id] });
    expect(goes.socket.closedWith).toEqual({ code: 4002, reason: 'disconnected_by_operator' });
    expect(stays.socket.closedWith).toBeNull();
  });

  it('disconnect a user everywhere, and nobody else (G5)', async () => {
    const { here, there, ordered } = await startPair();
    const his = [await connected(here), await connected(there)];
    const other = await connected(there, { user: 'u-2' });
    const result = await ordered(here.core.routes.operators.disconnectUser('u-1'));
    expect(result).toEqual({ kind: 'disconnected', connectionIds: his.map(({ id }) => id) });
    expect(his.map(({ socket }) => socket.closedWith?.code)).toEqual([4002, 4002]);
    expect(other.socket.closedWith).toBeNull();
  });

  it('disconnect also what is too new to be registered', async () => {
    const { here, there, ordered } = await startPair();
    there.engine.losesAnswers = (what) => what === 'refresh';
    there.memory.registry.refresh = () => Promise.resolve();
    const fresh = await connected(there);
    await ordered(here.core.routes.operators.disconnectUser('u-1'));
    expect(fresh.socket.closedWith?.code).toBe(4002);
  });

  it('do not know a connection that is not there', async () => {
    const { here } = await startPair();
    expect(await here.core.routes.operators.disconnectConnection('c-none')).toEqual({ kind: 'unknown' });
  });

  it('are told of an instance that does not come for the order, and then it never will', async () => {
    const { cluster, here, there, ordered } = await startPair();
    const { socket, id } = await connected(there);
    const { waiting } = there.memory.orders;
    there.memory.orders.waiting = () => Promise.reject(new EngineUnavailable('cut off'));
    for (const order of [
      here.core.routes.operators.disconnectConnection(id),
      here.core.routes.operators.disconnectUser('u-1'),
    ]) {
      expect(await ordered(order)).toEqual({ kind: 'unanswered', instanceIds: ['i-2'], connectionIds: [] });
    }
    there.memory.orders.waiting = waiting;
    await cluster.clock.advance(2_000);
    expect(socket.closedWith).toBeNull();
  });

  it('lose no order with an answer that was lost', async () => {
    const { here, there, ordered } = await startPair();
    const { socket, id } = await connected(there);
    const { orders } = there.memory;
    const waiting = orders.waiting.bind(orders);
    orders.waiting = async () => {
      const lost = await waiting();
      if (lost.length === 0) return lost;
      orders.waiting = waiting;
      throw new EngineUnavailable('the answer was lost');
    };
    const result = await ordered(here.core.routes.operators.disconnectConnection(id));
    expect(result).toEqual({ kind: 'disconnected', connectionIds: [id] });
    expect(socket.closedWith?.code).toBe(4002);
  });

  it.each(['put', 'isWaiting', 'takeBack'] as const)(
    'are answered within 2 s where the engine is slow at %s',
    async (what) => {
      const { cluster, here, there } = await startPair();
      const { id } = await connected(there);
      there.memory.orders.waiting = () => Promise.reject(new EngineUnavailable('cut off'));
      Object.assign(here.memory.orders, { [what]: () => new Promise(() => {}) });
      const { operators } = here.core.routes;
      const answers: unknown[] = [];
      for (const order of [operators.disconnectConnection(id), operators.disconnectUser('u-1')])
        order.catch((error: unknown) => answers.push(error));
      await cluster.clock.advance(1_900);
      expect(answers).toEqual([expect.any(EngineUnavailable), expect.any(EngineUnavailable)]);
    },
  );

  it('are not kept by a silent instance that the user is not on', async () => {
    const { here, there, ordered } = await startPair();
    const { socket, id } = await connected(here);
    there.memory.orders.waiting = () => Promise.reject(new EngineUnavailable('cut off'));
    const result = await ordered(here.core.routes.operators.disconnectUser('u-1'));
    expect(result).toEqual({ kind: 'disconnected', connectionIds: [id] });
    expect(socket.closedWith?.code).toBe(4002);
  });
});
