import { describe, expect, it } from 'vitest';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import { aloneInstance, countsOfInstance as counts } from '../../support/test-instance.ts';
import { LATEST } from './delivery-rig.ts';

describe('an instance counts', () => {
  it('connections by state, each in one, and how they ended', async () => {
    const instance = aloneInstance();
    const release = instance.engine.hold('read', 'answer');
    const caughtUp = await instance.connect(LATEST);
    const resuming = await instance.connect();
    const opening = await instance.apply();
    expect(opening.kind).toBe('accepted');
    expect(await counts(instance)).toMatchObject({
      'connections{state="opening"}': 1,
      'connections{state="live"}': 1,
      'connections{state="catching_up"}': 1,
      connections_opened_total: 2,
    });
    release();
    await instance.clock.advance(5_000);
    caughtUp.leave();
    resuming.leave(false);
    const ended = await counts(instance);
    expect(ended).toMatchObject({
      'connections_closed_total{code="1000"}': 1,
      'connections_closed_total{code="1006"}': 1,
      connection_duration_seconds_count: 2,
      connection_duration_seconds_sum: 10,
    });
    expect(ended).not.toHaveProperty(['connections{state="live"}']);
  });

  it('connections that were told to leave, and that it drains', async () => {
    const instance = aloneInstance();
    await instance.connect();
    const drained = instance.core.drain();
    await instance.clock.settle();
    expect(await counts(instance)).toMatchObject({ 'connections{state="draining"}': 1, draining: 1 });
    await instance.clock.advance(60_000);
    await drained;
  });

  it('every frame that left, and what waits: altogether and at most for one', async () => {
    const instance = aloneInstance();
    const [quick, slow, slower] = [
      await instance.connect(LATEST),
      await instance.connect(LATEST),
      await instance.connect(LATEST),
    ];
    // Many of one turn leave in one write.
    await Promise.all([instance.publish(), instance.publish(), instance.publish()]);
    expect(Math.max(...quick.writes)).toBe(3);
    slow.block(NEARLY_FULL);
    await instance.publish();
    slower.block(NEARLY_FULL);
    await instance.publish();
    await instance.publish();
    const read = quick.frames.length + slow.frames.length + slower.frames.length;
    // One event is with the socket of each that blocks; the others wait.
    const counted = await counts(instance);
    expect(counted).toMatchObject({ send_queue_messages: 3, send_queue_messages_max: 2 });
    const frames = Object.entries(counted).filter(([name]) => name.startsWith('frames_delivered_total'));
    expect(frames.reduce((sum, [, count]) => sum + count, 0)).toBe(read + 2);
  });

  it('what was shed, by reason and priority', async () => {
    const instance = aloneInstance({ heartbeatIntervalMs: 3_600_000, sendBufferSize: 4 });
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    for (const priority of ['normal', 'low', 'low', 'high', 'normal']) await instance.publish({ priority });
    await instance.publish({ priority: 'critical' });
    await instance.publish({ priority: 'low' });
    expect(await counts(instance)).toMatchObject({
      'events_dropped_total{reason="buffer_full",priority="low"}': 2,
    });
    await instance.clock.advance(5_001);
    await instance.publish();
    expect(await counts(instance)).toMatchObject({
      'events_dropped_total{reason="expired",priority="high"}': 1,
      'events_dropped_total{reason="expired",priority="normal"}': 1,
    });
    socket.unblock();
    await instance.clock.settle();
    const named = socket.of('MESSAGES_DROPPED').reduce((sum, { payload }) => sum + Number(payload.count), 0);
    const dropped = Object.entries(await counts(instance)).filter(([name]) =>
      name.startsWith('events_dropped'),
    );
    expect(dropped.reduce((sum, [, count]) => sum + count, 0)).toBe(named);
  });

  it('replays by why they came and what they lack, and repairs that nobody asked for', async () => {
    const instance = aloneInstance({ maxReplayMessages: 3 });
    await instance.publishMany(10);
    const socket = await instance.connect({ query: 'last_sequence_id=2' });
    socket.says({ type: 'REPLAY', payload: { last_sequence_id: 9 } });
    await instance.clock.settle();
    expect(await counts(instance)).toMatchObject({
      'replays_total{reason="connected",missing="trimmed"}': 1,
      'replays_total{reason="requested",missing="none"}': 1,
    });
    expect(await counts(instance)).not.toHaveProperty('gaps_repaired_total');
    instance.memory.handover.lose(() => true);
    await instance.publish();
    await instance.clock.advance(2_000);
    expect(socket.sequenceIds.at(-1)).toBe(11);
    expect(await counts(instance)).toMatchObject({ gaps_repaired_total: 1 });
  });

  it('published events by what became of them', async () => {
    const instance = aloneInstance();
    await instance.publish({ payload: { n: 1 } }, 'm-once');
    await instance.publish({ payload: { n: 1 } }, 'm-once');
    await instance.publish({ payload: { n: 2 } }, 'm-once');
    instance.engine.isAway = true;
    await expect(instance.publish()).rejects.toThrow();
    expect(await counts(instance)).toMatchObject({
      'events_published_total{result="accepted"}': 1,
      'events_published_total{result="duplicate"}': 1,
      'events_published_total{result="conflict"}': 1,
      'events_published_total{result="unavailable"}': 1,
    });
  });

  it('missed heartbeats, expired tokens, and how its engine and its event loop do', async () => {
    const instance = aloneInstance({ heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 500 });
    await instance.connect();
    await instance.clock.advance(10_000);
    const asked = instance.clock.now();
    await instance.connect({ tokenExpiresAt: asked + 500 });
    await instance.clock.advance(1_000);
    const counted = await counts(instance);
    expect(counted).toMatchObject({
      heartbeats_missed_total: 3,
      tokens_expired_total: 1,
      'connections_closed_total{code="4101"}': 1,
      'connections_closed_total{code="4001"}': 1,
    });
    expect(counted.engine_probe_seconds_count).toBeGreaterThanOrEqual(10);
    expect(counted.engine_command_seconds_count).toBe(counted.engine_probe_seconds_count);
    expect(counted).not.toHaveProperty('engine_probe_failures_total');
  });
});
