import { describe, expect, it } from 'vitest';
import type { AdmissionResult } from '../../../src/core/admission.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance, TestCluster } from '../../support/test-instance.ts';

type Accepted = Extract<AdmissionResult, { kind: 'accepted' }>;

async function accepted(result: Promise<AdmissionResult>): Promise<Accepted['acceptance']> {
  const settled = await result;
  if (settled.kind === 'refused') throw new Error(JSON.stringify(settled.problem));
  return settled.acceptance;
}

const refusal = async (result: Promise<AdmissionResult>): Promise<string | null> => {
  const settled = await result;
  return settled.kind === 'refused' ? settled.problem.code : null;
};

/** What a connection, or one that was to be, leaves in the instance and in the store. */
const tracesIn = ({ core, store }: TestInstance) => ({
  connections: core.connections.size,
  feeds: core.feeds.size,
  subscriptions: store.subscriptions.size,
  places: store.connectionsOfUser.size,
  upgrades: store.upgradesOfNetwork.size,
});

const NO_TRACES = { connections: 0, feeds: 0, subscriptions: 0, places: 0, upgrades: 0 };

describe('an upgrade that is accepted', () => {
  it('opens as a connection with a place, which it gives back when it ends', async () => {
    const instance = aloneInstance();
    const socket = new FakeSocket().open((await accepted(instance.apply())).handlers);
    await instance.clock.settle();
    expect(tracesIn(instance)).toMatchObject({ connections: 1, feeds: 1, subscriptions: 1, places: 1 });
    expect(await instance.engine.registry.connectionsOf('u-1')).toMatchObject([
      { userId: 'u-1', instanceId: 'i-1' },
    ]);
    socket.leave();
    await instance.clock.settle();
    expect(tracesIn(instance)).toEqual({ ...NO_TRACES, upgrades: 1 });
    expect(await instance.engine.registry.connectionsOf('u-1')).toEqual([]);
  });

  it('and never opens gives back all but that it was counted', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 1, maxConnectionsPerUser: 1 });
    const { aborted } = await accepted(instance.apply());
    expect(await refusal(instance.apply())).toBe('instance-full');
    aborted();
    await instance.clock.settle();
    expect(tracesIn(instance)).toEqual({ ...NO_TRACES, upgrades: 1 });
    expect(await refusal(instance.apply())).toBeNull();
  });

  it('has its own id, and is logged when it opens and when it closes', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect({ address: '192.0.2.7' });
    const id = socket.frames[0]?.payload.connection_id;
    await instance.clock.advance(1_500);
    instance.clock.jumpWallClock(-3_600_000);
    socket.leave();
    const fields = { connection_id: id, user_id: 'u-1', address: '192.0.2.7' };
    expect(instance.log.lines).toEqual([
      { level: 'info', message: 'connection opened', fields },
      {
        level: 'info',
        message: 'connection closed',
        fields: { ...fields, code: 1000, was_clean: true, duration_ms: 1_500 },
      },
    ]);
    expect((await instance.connect()).frames[0]?.payload.connection_id).not.toBe(id);
  });
});

describe('an instance that is full', () => {
  it('refuses with 503, and takes again what has left', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 2 });
    const [first] = [await instance.connect(), await instance.connect({ user: 'u-2' })];
    const before = tracesIn(instance);
    const result = await instance.apply({ user: 'u-3' });
    expect(result).toMatchObject({
      kind: 'refused',
      problem: { code: 'instance-full', retryAfterMs: 2_000 },
    });
    expect(tracesIn(instance)).toEqual(before);
    first?.leave();
    expect(await refusal(instance.apply({ user: 'u-3' }))).toBeNull();
  });

  it('counts upgrades that are under way', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 2 });
    const release = instance.engine.hold('admit', 'answer');
    const applying = [instance.apply(), instance.apply()];
    await instance.clock.settle();
    expect(await refusal(instance.apply())).toBe('instance-full');
    release();
    const results = await Promise.all(applying.map(accepted));
    expect(await refusal(instance.apply())).toBe('instance-full');
    for (const { handlers } of results) new FakeSocket().open(handlers);
    expect(instance.core.connections.size).toBe(2);
    expect(await refusal(instance.apply())).toBe('instance-full');
  });

  it('does not go on counting upgrades that were refused', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 1, maxConnectionsPerUser: 1 });
    const cluster = new TestCluster({ maxConnectionsPerInstance: 1, maxConnectionsPerUser: 1 });
    const [here, elsewhere] = [cluster.instance('i-1'), cluster.instance('i-2')];
    await elsewhere.connect();
    for (let n = 0; n < 3; n++) expect(await refusal(here.apply())).toBe('too-many-connections');
    expect(await refusal(here.apply({ user: 'u-2' }))).toBeNull();
    instance.engine.isAway = true;
    for (let n = 0; n < 3; n++) expect(await refusal(instance.apply())).toBe('engine-unavailable');
    instance.engine.isAway = false;
    expect(await refusal(instance.apply())).toBeNull();
  });
});

describe('too many connections of a user', () => {
  it('are refused with 429, over all instances, and leave nothing behind (G12)', async () => {
    const cluster = new TestCluster({ maxConnectionsPerUser: 2 });
    const [one, other] = [cluster.instance('i-1'), cluster.instance('i-2')];
    const socket = await one.connect();
    await other.connect();
    const before = JSON.stringify([...one.store.upgradesOfNetwork.values()].map((places) => places.size));
    const result = await one.apply({ address: '192.0.2.9' });
    expect(result).toMatchObject({ kind: 'refused', problem: { code: 'too-many-connections' } });
    expect(result.kind === 'refused' && result.problem.retryAfterMs).toBeGreaterThan(0);
    expect(JSON.stringify([...one.store.upgradesOfNetwork.values()].map((places) => places.size))).toBe(
      before,
    );
    expect(tracesIn(one)).toMatchObject({ connections: 1, feeds: 1 });
    expect(await refusal(one.apply({ user: 'u-2' }))).toBeNull();
    socket.leave();
    await one.clock.settle();
    expect(await refusal(one.apply())).toBeNull();
  });
});

describe('too many upgrades from an address', () => {
  it('are refused with 429 until a minute has passed since the first', async () => {
    const instance = aloneInstance({ connectRatePerAddress: 2, maxConnectionsPerUser: 0 });
    await instance.connect();
    await instance.clock.advance(20_000);
    await instance.connect();
    await instance.clock.advance(10_000);
    const before = tracesIn(instance);
    const result = await instance.apply({ user: 'u-2' });
    expect(result).toMatchObject({ problem: { code: 'too-many-upgrades', retryAfterMs: 30_000 } });
    expect(tracesIn(instance)).toEqual(before);
    expect(await refusal(instance.apply({ address: '192.0.2.2' }))).toBeNull();
    await instance.clock.advance(30_000);
    expect(await refusal(instance.apply({ user: 'u-2' }))).toBeNull();
  });
});

describe('where the engine does not answer', () => {
  it.each(['admit', 'subscribe', 'open'] as const)(
    'at %s, it is a 503 that leaves nothing behind',
    async (what) => {
      const instance = aloneInstance();
      instance.engine.losesAnswers = (asked) => asked === what && what !== 'admit';
      if (what === 'admit') instance.engine.isAway = true;
      const result = await instance.apply();
      expect(result).toMatchObject({
        kind: 'refused',
        problem: { code: 'engine-unavailable', retryAfterMs: 2_000 },
      });
      await instance.clock.settle();
      const { upgrades: _, ...traces } = tracesIn(instance);
      expect(traces).toEqual({ connections: 0, feeds: 0, subscriptions: 0, places: 0 });
    },
  );

  it.each(['admit', 'subscribe', 'open'] as const)(
    'in time at %s, it is a 503 within 2 s, and what comes later is given back',
    async (what) => {
      const instance = aloneInstance();
      const release = instance.engine.hold(what, what === 'admit' ? 'question' : 'answer');
      let result: AdmissionResult | null = null;
      void instance.apply().then((answer) => {
        result = answer;
      });
      await instance.clock.advance(1_900);
      expect(result).toMatchObject({ kind: 'refused', problem: { code: 'engine-unavailable' } });
      release();
      await instance.clock.settle();
      expect(tracesIn(instance)).toEqual(NO_TRACES);
      expect(instance.core.connections.size).toBe(0);
      expect(await refusal(instance.apply())).toBeNull();
    },
  );

  it('the reason is logged, once for all that come within 5 s', async () => {
    const instance = aloneInstance();
    instance.engine.isAway = true;
    for (let n = 0; n < 1_000; n++) await instance.apply();
    const reasons = () => instance.log.lines.filter(({ message }) => message === 'an upgrade failed');
    expect(reasons()).toMatchObject([{ level: 'warn', fields: { error: expect.any(String) } }]);
    await instance.clock.advance(5_000);
    await instance.apply();
    expect(reasons()).toMatchObject([{}, { fields: { left_out: 999 } }]);
  });

  it('a fault of our own is no refusal, and leaves nothing behind either', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 1 });
    instance.engine.questionMs = (what) => {
      if (what === 'open') throw new TypeError('a fault of our own');
      return 0;
    };
    await expect(instance.apply()).rejects.toThrow(TypeError);
    instance.engine.questionMs = () => 0;
    expect(await refusal(instance.apply())).toBeNull();
  });
});

describe('explaining', () => {
  const applicant = { userId: 'u-1', address: '192.0.2.1' };

  it('takes no place, however often', async () => {
    const instance = aloneInstance({
      maxConnectionsPerInstance: 1,
      maxConnectionsPerUser: 1,
      connectRatePerAddress: 1,
    });
    for (let n = 0; n < 3; n++) expect(await instance.core.routes.admission.explain(applicant)).toBeNull();
    expect(tracesIn(instance)).toEqual(NO_TRACES);
    await instance.connect();
  });

  it('says what an upgrade would be told', async () => {
    const full = aloneInstance({ maxConnectionsPerInstance: 1 });
    await full.connect();
    expect(await full.core.routes.admission.explain(applicant)).toMatchObject({ code: 'instance-full' });
    const limited = aloneInstance({ maxConnectionsPerUser: 1 });
    await limited.connect();
    expect(await limited.core.routes.admission.explain(applicant)).toMatchObject({
      code: 'too-many-connections',
    });
    const busy = aloneInstance({ connectRatePerAddress: 1 });
    await busy.connect();
    expect(await busy.core.routes.admission.explain(applicant)).toMatchObject({ code: 'too-many-upgrades' });
    busy.engine.isAway = true;
    expect(await busy.core.routes.admission.explain(applicant)).toMatchObject({ code: 'engine-unavailable' });
  });
});
