import { describe, expect, it } from 'vitest';
import { isEventType, isId, isUserId, show } from '../../../src/protocol/ids.ts';

describe('ids', () => {
  it.each(['a', 'A-1', '0', 'a_b.c:d-e', 'x'.repeat(128)])('%j is an id, and may be a user', (value) => {
    expect(isId(value)).toBe(true);
    expect(isUserId(value)).toBe(true);
  });

  it.each(['', ' ', 'a b', 'a\n', '\na', 'ä', 'a{b}', 'a/b', 'a*', 'x'.repeat(129)])(
    '%j is neither',
    (value) => {
      expect(isId(value)).toBe(false);
      expect(isUserId(value)).toBe(false);
    },
  );

  it.each(['auth0|5f', 'ada@example.com', 'a+b'])('%j is a user only', (value) => {
    expect(isId(value)).toBe(false);
    expect(isUserId(value)).toBe(true);
  });

  it('an event type begins with a letter and has at most 64 characters', () => {
    expect(['A', 'AGENT_STATUS_CHANGED', 'A1_', 'A'.repeat(64)].every(isEventType)).toBe(true);
    expect(['', 'a', '1A', '_A', 'A-B', 'A B', 'A\n', 'A'.repeat(65)].some(isEventType)).toBe(false);
  });
});

describe('what an error shows of a refused value', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    ['a"b', '"a\\"b"'],
    [{ a: [1] }, '{"a":[1]}'],
    [() => 1, 'function'],
  ])('%s', (value, shown) => {
    expect(show(value)).toBe(shown);
  });

  it('is cut to 60 characters', () => {
    expect(show('x'.repeat(58))).toBe(`"${'x'.repeat(58)}"`);
    expect(show('x'.repeat(59))).toBe(`"${'x'.repeat(59)}…`);
  });

  it('is little where it is nested more deeply than some runtimes can write', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(show(deep).length).toBeLessThanOrEqual(61);
  });
});
