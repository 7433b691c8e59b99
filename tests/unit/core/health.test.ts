import { describe, expect, it } from 'vitest';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const reasonsOf = ({ core }: TestInstance): string[] => core.routes.unreadiness();

describe('readiness', () => {
  it('is given once the engine has been reached', async () => {
    const instance = aloneInstance();
    expect(reasonsOf(instance)).toEqual(['the engine was not reached yet']);
    await instance.clock.settle();
    expect(reasonsOf(instance)).toEqual([]);
  });

  it('is lost when the engine has not answered for five seconds, with its own words', async () => {
    const instance = aloneInstance();
    await instance.clock.advance(10_000);
    instance.engine.isAway = true;
    await instance.clock.advance(5_000);
    expect(reasonsOf(instance)).toEqual([]);
    await instance.clock.advance(1_000);
    expect(reasonsOf(instance)).toEqual(['the engine is away']);
    instance.engine.isAway = false;
    await instance.clock.advance(1_000);
    expect(reasonsOf(instance)).toEqual([]);
  });

  it('is lost at once when the engine knows that it cannot be used', async () => {
    const instance = aloneInstance();
    await instance.clock.settle();
    instance.engine.unavailable = () => 'no connection';
    expect(reasonsOf(instance)).toEqual(['no connection']);
  });

  it('is lost while a probe hangs, and only one is under way', async () => {
    const instance = aloneInstance();
    await instance.clock.advance(1_000);
    const release = instance.engine.hold('probe', 'answer');
    await instance.clock.advance(10_000);
    expect(reasonsOf(instance)).toEqual(['the engine does not answer']);
    const asked = instance.engine.of('probe').length;
    await instance.clock.advance(10_000);
    expect(instance.engine.of('probe')).toHaveLength(asked);
    release();
    await instance.clock.advance(1_000);
    expect(reasonsOf(instance)).toEqual([]);
  });

  it('is lost while the event loop lags', async () => {
    const instance = aloneInstance();
    await instance.clock.advance(1_000);
    await instance.clock.stall(3_500);
    expect(reasonsOf(instance)).toEqual(['the event loop lags by 2500 ms']);
    await instance.clock.advance(1_000);
    expect(reasonsOf(instance)).toEqual([]);
  });

  it('is told in the log when it ends, with the reasons, and when it is back', async () => {
    const { clock, engine, log } = aloneInstance();
    await clock.advance(1_000);
    const lines = () => log.lines.filter(({ message }) => /ready/.test(message));
    const told = () => lines().map(({ level, message, fields }) => [level, message, fields.reasons]);
    expect(told()).toEqual([]);
    engine.isAway = true;
    await clock.advance(20_000);
    const ended = ['warn', 'not ready', ['the engine is away']];
    expect(told()).toEqual([ended]);
    engine.isAway = false;
    await clock.advance(20_000);
    expect(told()).toEqual([ended, ['info', 'ready again', undefined]]);
  });

  it('does not go by the wall clock', async () => {
    const instance = aloneInstance();
    await instance.clock.advance(1_000);
    instance.clock.jumpWallClock(3_600_000);
    expect(reasonsOf(instance)).toEqual([]);
    await instance.clock.advance(1_000);
    expect(reasonsOf(instance)).toEqual([]);
  });
});
