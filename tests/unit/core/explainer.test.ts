import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/core/explainer.ts';
import { stateOf } from '../../../src/core/explainer.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { ConnectOptions, TestConfig, TestInstance } from '../../support/test-instance.ts';
import { TestCluster } from '../../support/test-instance.ts';
import { LATEST, slowReader } from './delivery-rig.ts';

async function startPair(config: Partial<TestConfig> = {}) {
  const cluster = new TestCluster(config);
  const [here, there] = [cluster.instance('i-1'), cluster.instance('i-2')];
  await here.core.start(1);
  await there.core.start(2);
  const explained = async (sequenceId: number, user = 'u-1'): Promise<Explanation> => {
    const [result] = await Promise.all([
      here.core.routes.explainer.explain(user, sequenceId),
      cluster.clock.advance(2_000),
    ]);
    return result;
  };
  return { cluster, here, there, explained };
}

/** What an instance tells, in short; connections by the names that the test gives them. */
function storyOf(
  { accounts }: Explanation,
  instanceId: string,
  names: Readonly<Record<string, string>> = {},
) {
  return accounts.get(instanceId)?.happenings.map(({ what, reason, connectionId }) => {
    const who = connectionId === null ? instanceId : (names[connectionId] ?? '?');
    return `${who} ${what}${reason === null ? '' : ` ${reason}`}`;
  });
}

async function connected(instance: TestInstance, options: ConnectOptions = LATEST) {
  const socket = await instance.connect(options);
  return { socket, id: String(socket.frames[0]?.payload.connection_id) };
}

describe('what happened to an event', () => {
  it('is told by every instance: taken, handed over, filtered, sent', async () => {
    const { here, there, explained } = await startPair();
    const mine = await connected(here);
    const other = await connected(there);
    const picky = await connected(there, { query: 'last_sequence_id=latest&agent_ids=a-9' });
    await connected(there, { ...LATEST, user: 'u-2' });
    await here.publish();
    const explanation = await explained(1);
    const names = { [mine.id]: 'mine', [other.id]: 'other', [picky.id]: 'picky' };
    expect(new Set(storyOf(explanation, 'i-1', names))).toEqual(
      new Set(['i-1 appended', 'i-1 handed_over', 'mine sent']),
    );
    expect(storyOf(explanation, 'i-2', names)).toEqual(['i-2 handed_over', 'picky filtered', 'other sent']);
    expect(explanation.accounts.get('i-2')).toMatchObject({ connections: 2, since: null, leftOut: 0 });
    const event = { eventType: 'NOTE', agentId: 'a-1', priority: 'normal' };
    expect(explanation.log).toMatchObject({ state: 'kept', tail: { sequenceId: 1, oldest: 1 }, event });
  });

  it('is told of replays, of what was known already, and of a publish that was repeated', async () => {
    const { here, explained } = await startPair();
    await here.publish({}, 'm-same');
    const { id } = await connected(here, {});
    await here.publish({}, 'm-same');
    here.engine.doubles = () => 10;
    await here.publish();
    const [first, second] = [await explained(1), await explained(2)];
    const names = { [id]: 'c' };
    expect(storyOf(first, 'i-1', names)).toEqual(['i-1 appended', 'c replayed', 'c sent', 'i-1 repeated']);
    expect(storyOf(second, 'i-1', names)?.slice(-2)).toEqual(['i-1 handed_over', 'c ignored known']);
  });

  it('is told of gaps: why a hand-over waited for the log', async () => {
    const { here, explained } = await startPair();
    const { id } = await connected(here);
    here.memory.handover.lose(({ header }) => header.position?.sequenceId === 1);
    await here.publish();
    const release = here.engine.hold('read', 'answer');
    await here.publish();
    await here.publish();
    release();
    await here.clock.settle();
    const names = { [id]: 'c' };
    expect(storyOf(await explained(1), 'i-1', names)).toEqual(['i-1 appended', 'c replayed', 'c sent']);
    expect(storyOf(await explained(2), 'i-1', names)).toContain('c held_back gap');
    expect(storyOf(await explained(3), 'i-1', names)).toContain('c held_back catching_up');
  });

  it('is told of what was shed and why, and of what waited when its connection ended', async () => {
    const { here, explained } = await startPair({ sendBufferSize: 2 });
    const socket = await slowReader(here);
    const names = { [String(socket.frames[0]?.payload.connection_id)]: 'c' };
    socket.block(NEARLY_FULL);
    for (const priority of ['low', 'high', 'critical']) await here.publish({ priority });
    socket.leave();
    const of = async (sequenceId: number) => storyOf(await explained(sequenceId), 'i-1', names);
    expect(await of(1)).toContain('c shed buffer_full');
    expect(await of(2)).toEqual([
      'i-1 handed_over',
      'i-1 appended',
      'c queued',
      'c abandoned connection_closed',
    ]);
  });

  it('names instances that do not answer in time', async () => {
    const { here, there, explained } = await startPair();
    await here.publish();
    there.memory.orders.waiting = () => Promise.reject(new EngineUnavailable('cut off'));
    const { accounts } = await explained(1);
    expect(accounts.get('i-2')).toBeNull();
    expect(accounts.get('i-1')).not.toBeNull();
  });

  it('is told without whom a part of the engine keeps from it, and other orders are carried out', async () => {
    const { here, there, explained } = await startPair();
    const { socket } = await connected(there);
    await here.publish();
    there.memory.orders.answer = () => Promise.reject(new EngineUnavailable('this part is away'));
    const [silent, { kind }] = await Promise.all([
      explained(1),
      here.core.routes.operators.disconnectUser('u-1'),
    ]);
    expect(silent.accounts.get('i-2')).toBeNull();
    expect([kind, socket.closedWith?.code]).toEqual(['disconnected', 4002]);
    here.memory.orders.put = () => Promise.reject(new EngineUnavailable('this part is away'));
    const { accounts } = await explained(1);
    expect([accounts.get('i-1') === null, accounts.get('i-2')]).toEqual([false, null]);
  });

  it('is told in time where the engine is slow and an instance silent, which is not asked any more then', async () => {
    const { cluster, here, there, explained } = await startPair();
    await here.publish();
    const { orders, registry } = here.memory;
    there.memory.orders.waiting = () => new Promise(() => {});
    const slow = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      await new Promise<void>((resolve) => here.clock.after(250, resolve));
      return answer;
    };
    const { answers, put } = orders;
    orders.answers = (order) => slow(answers.call(orders, order));
    orders.put = (instanceId, order) => slow(put.call(orders, instanceId, order));
    const instances = registry.instances.bind(registry);
    registry.instances = () => slow(instances());
    const { accounts } = await explained(1);
    expect([accounts.get('i-1') === null, accounts.get('i-2')]).toEqual([false, null]);
    expect(cluster.store.orders.get('i-2')?.size ?? 0).toBe(0);
  });

  it('is not told without the engine, and then soon', async () => {
    const { cluster, here } = await startPair();
    await here.publish();
    Object.assign(here.memory.registry, { instances: () => new Promise(() => {}) });
    let fault: unknown = null;
    here.core.routes.explainer.explain('u-1', 1).catch((error: unknown) => {
      fault = error;
    });
    await cluster.clock.advance(1_900);
    expect(fault).toBeInstanceOf(EngineUnavailable);
  });

  it('of a user who has no stream leaves none behind', async () => {
    const { cluster, explained } = await startPair();
    expect((await explained(1, 'u-typo')).log).toBeNull();
    expect(cluster.store.streams.has('u-typo')).toBe(false);
  });

  it('is told with its newest part where it is very long', async () => {
    const { here, explained } = await startPair({ maxConnectionsPerUser: 0, connectRatePerAddress: 0 });
    for (let count = 0; count < 1_001; count++) await connected(here);
    await here.publish();
    const account = (await explained(1)).accounts.get('i-1');
    expect(account).toMatchObject({ connections: 1_001, leftOut: 3 });
    expect(account?.happenings).toHaveLength(1_000);
  });
});

describe('the log says of a sequence id', () => {
  const tail = {
    epoch: 'e-2',
    sequenceId: 3_010,
    firstOfEpoch: 3_000,
    previous: { epoch: 'e-1', sequenceId: 50 },
    oldest: 41,
    trimmedTo: 20,
  };
  it.each([
    [20, 'trimmed'],
    [21, 'expired'],
    [40, 'expired'],
    [41, 'kept'],
    [50, 'kept'],
    [51, 'epoch_changed'],
    [2_999, 'epoch_changed'],
    [3_000, 'kept'],
    [3_010, 'kept'],
    [3_011, 'not_published'],
  ])('%i: %s', (sequenceId, state) => {
    expect(stateOf(sequenceId, tail)).toBe(state);
  });
});
