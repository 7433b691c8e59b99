import { ReplyError } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { Probe } from '../../../src/adapters/redis/probe.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Links that a test plays: what is published comes back when the test hands it over. */
function setUp() {
  const clock = new ManualClock();
  const state = { isLive: true, renewed: 0, published: [] as string[], answer: async () => {} };
  let heard: (nonce: string) => void = () => {};
  const handover = {
    get isLive() {
      return state.isLive;
    },
    onProbe: (listener: (nonce: string) => void) => {
      heard = listener;
    },
    renew: () => {
      state.renewed++;
    },
  };
  const commands = {
    evalshaBuffer: (...[, , , , nonce]: string[]) => {
      state.published.push(nonce ?? '');
      return state.answer();
    },
  };
  const options = { handover, clock, random: seededRandom(), instanceId: 'i-1' };
  const probe = new Probe({ ...options, commands: commands as never });
  const handOver = (index = 0): void => heard(state.published[index] ?? '');
  return { clock, probe, state, handOver };
}

describe('the probe', () => {
  test('tells how long its command took, and how long until the hand-over to itself', async () => {
    const { clock, probe, handOver } = setUp();
    const time = probe.run();
    await clock.advance(30);
    handOver();
    expect(await time).toEqual({ commandMs: 0, totalMs: 30 });
    expect(clock.timers).toBe(0);
  });

  test('gives the subscriber link up where nothing is handed over within 1 s', async () => {
    const { clock, probe, state } = setUp();
    const failure = expect(probe.run()).rejects.toThrow(EngineUnavailable);
    await clock.advance(999);
    expect(state.renewed).toBe(0);
    await clock.advance(1);
    await failure;
    expect(state.renewed).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test('blames no link for the time that this process stood still', async () => {
    const { clock, probe, state, handOver } = setUp();
    const time = probe.run();
    await clock.settle();
    await clock.stall(30_000, handOver);
    expect(await time).toMatchObject({ totalMs: 30_000 });
    expect(state.renewed).toBe(0);
  });

  test('takes the hand-over of another probe for no answer', async () => {
    const { clock, probe, state, handOver } = setUp();
    const first = probe.run();
    const second = probe.run();
    const failure = expect(first).rejects.toThrow(EngineUnavailable);
    await clock.advance(10);
    handOver(1);
    expect(await second).toMatchObject({ totalMs: 10 });
    await clock.advance(1_000);
    await failure;
    expect(state.renewed).toBe(1);
  });

  test('fails with the write, and then says nothing against the subscriber link', async () => {
    const { clock, probe, state } = setUp();
    state.answer = () => Promise.reject(new ReplyError('READONLY'));
    await expect(probe.run()).rejects.toThrow('Redis refused: READONLY');
    await clock.advance(5_000);
    expect(state.renewed).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('asks nothing while the subscriber link is known to be down', async () => {
    const { probe, state } = setUp();
    state.isLive = false;
    await expect(probe.run()).rejects.toThrow(EngineUnavailable);
    expect(state.published).toEqual([]);
  });

  test('ends at once when the engine is closed, whatever it waits for', async () => {
    const { clock, probe, state } = setUp();
    const waiting = expect(probe.run()).rejects.toThrow('the engine was closed');
    await clock.settle();
    probe.close();
    await waiting;
    expect(clock.timers).toBe(0);
    expect(state.renewed).toBe(0);
  });
});
