import { describe, expect, it } from 'vitest';
import { aloneInstance, countsOfInstance, TestCluster } from '../../support/test-instance.ts';
import { LATEST } from './delivery-rig.ts';

describe('of catching up, an instance counts', () => {
  it('how it ended, how much it brought, and how long it took', async () => {
    const instance = aloneInstance();
    await instance.publishMany(25);
    await instance.clock.advance(1_000);
    const release = instance.engine.hold('read', 'answer');
    const socket = await instance.connect({ query: 'last_sequence_id=5' });
    await instance.clock.advance(300);
    release();
    await instance.clock.settle();
    expect(socket.sequenceIds.at(-1)).toBe(25);
    expect(await countsOfInstance(instance)).toMatchObject({
      'replays_ended_total{reason="connected",outcome="caught_up"}': 1,
      replay_events_count: 1,
      replay_events_sum: 20,
      'catch_up_seconds_count{reason="connected"}': 1,
      'catch_up_seconds_sum{reason="connected"}': 0.3,
    });
  });

  it('replays that did not come to their end, and why', async () => {
    const instance = aloneInstance();
    await instance.publishMany(3);
    instance.engine.hold('read', 'answer');
    const socket = await instance.connect();
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 1 } });
    await instance.clock.settle();
    socket.leave();
    const counted = await countsOfInstance(instance);
    expect(counted).toMatchObject({
      'replays_ended_total{reason="connected",outcome="replaced"}': 1,
      'replays_ended_total{reason="requested",outcome="abandoned"}': 1,
    });
    expect(counted).not.toHaveProperty('replay_events_count');
  });

  it('repairs apart from what clients asked for, and interruptions of the hand-over', async () => {
    const instance = aloneInstance();
    await instance.connect(LATEST);
    instance.memory.handover.lose(() => true);
    await instance.publish();
    instance.memory.handover.interrupt();
    await instance.clock.settle();
    const counted = await countsOfInstance(instance);
    expect(counted).toMatchObject({
      gaps_repaired_total: 1,
      interruptions_total: 1,
      'catch_up_seconds_count{reason="repair"}': 1,
    });
    expect(counted).not.toHaveProperty('replay_events_count');
    expect(counted).not.toHaveProperty(['replays_ended_total{reason="connected",outcome="caught_up"}']);
  });
});

describe('of itself and its engine, an instance tells', () => {
  it('how far its drain is', async () => {
    const instance = aloneInstance({ drainTimeoutMs: 10_000 });
    const sockets = [await instance.connect(), await instance.connect()];
    const drained = instance.core.drain();
    await instance.clock.advance(2_000);
    expect(await countsOfInstance(instance)).toMatchObject({
      draining: 1,
      drain_hints_total: 2,
      drain_connections_left: 2,
      drain_seconds_left: 8,
    });
    for (const socket of sockets) socket.leave();
    await instance.clock.advance(1_000);
    await drained;
    const counted = await countsOfInstance(instance);
    expect(counted).toMatchObject({ draining: 1, drain_seconds_left: 7 });
    expect(counted).not.toHaveProperty('drain_connections_left');
  });

  it('how old the last probe is, and how many of them failed', async () => {
    const instance = aloneInstance();
    await instance.clock.advance(10_000);
    expect(await countsOfInstance(instance)).not.toHaveProperty('engine_probe_age_seconds');
    instance.engine.isAway = true;
    await instance.clock.advance(4_500);
    expect(await countsOfInstance(instance)).toMatchObject({
      engine_probe_age_seconds: 4.5,
      engine_probe_failures_total: 4,
    });
  });

  it('how many instances the registry knows', async () => {
    const cluster = new TestCluster();
    const [one, other] = [cluster.instance('i-1'), cluster.instance('i-2')];
    await one.core.start(1);
    await other.core.start(2);
    expect(await countsOfInstance(other)).toMatchObject({ 'instances{status="active"}': 2 });
    await other.connect();
    void other.core.drain();
    await cluster.clock.advance(10_000);
    expect(await countsOfInstance(one)).toMatchObject({
      'instances{status="active"}': 1,
      'instances{status="draining"}': 1,
    });
  });

  it('how many connections it takes', async () => {
    const instance = aloneInstance({ maxConnectionsPerInstance: 7 });
    expect(await countsOfInstance(instance)).toMatchObject({ connections_limit: 7 });
  });

  it('how long the engine took over what was published', async () => {
    const instance = aloneInstance();
    instance.engine.answerMs = (what) => (what === 'append' ? 40 : 0);
    const answer = instance.publish();
    await instance.clock.advance(40);
    await answer;
    expect(await countsOfInstance(instance)).toMatchObject({
      publish_seconds_count: 1,
      publish_seconds_sum: 0.04,
    });
  });
});
