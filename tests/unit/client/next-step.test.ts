import { describe, expect, test } from 'vitest';
import { fullJitter } from '../../../src/client/clock.ts';
import { type Ending, type History, nextStep } from '../../../src/client/next-step.ts';

const HISTORY: History = {
  failures: 0,
  chance: 0.5,
  backoff: { firstMs: 1_000, longestMs: 30_000 },
  hintMs: null,
  canRenew: false,
};

const closed = (code: number): Ending => ({ kind: 'closed', code, reason: '' });
const refused = (status: number, retryAfterMs: number | null = null): Ending => ({
  kind: 'unopened',
  why: '',
  refusal: { status, problem: null, retryAfterMs },
});
const outcome = (ending: Ending, history: Partial<History> = {}) => {
  const next = nextStep(ending, { ...HISTORY, ...history });
  return next.kind === 'again' ? next.afterMs : (next.error?.code ?? 'closed');
};

test('full jitter begins with the very first retry, doubles, and ends at the longest', () => {
  const backoff = HISTORY.backoff;
  expect([0, 1, 2, 3, 4, 5, 6, 1_000].map((failures) => fullJitter(backoff, failures, 0.999999))).toEqual(
    [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1_000 * 0.999999),
  );
  expect(fullJitter(backoff, 5, 0)).toBe(0);
});

describe('the bands of close codes', () => {
  test.each([
    [1000, 'closed'],
    [1009, 'closed'],
    [4000, 'closed'],
    [4001, 'token_expired'],
    [4002, 'closed'],
    [4099, 'closed'],
    [4100, 500],
    [4102, 500],
    [4199, 500],
    [4200, 0],
    [4299, 0],
    [1001, 500],
    [1006, 500],
    [1012, 500],
  ])('%i: %s', (code, wanted) => {
    expect(outcome(closed(code))).toBe(wanted);
  });

  test('4000 and 4002 are errors that name the code; 1000 is none', () => {
    expect(nextStep(closed(4002), HISTORY)).toMatchObject({ kind: 'stop', error: { closeCode: 4002 } });
    expect(nextStep(closed(1000), HISTORY)).toMatchObject({ kind: 'stop', error: null });
  });

  test('4001 takes a fresh token at once; the second time in a row it waits', () => {
    const next = nextStep(closed(4001), { ...HISTORY, canRenew: true });
    expect(next).toMatchObject({ kind: 'again', afterMs: 0, needsFreshToken: true });
    expect(outcome(closed(4001), { canRenew: true, failures: 1 })).toBe(1_000);
  });

  test('"at once" again and again is not taken at its word', () => {
    expect(outcome(closed(4200), { failures: 1 })).toBe(1_000);
  });

  test('a server that went away before its hint is left alone until then, and a little longer', () => {
    expect(outcome(closed(1012), { hintMs: 4_000 })).toBe(4_500);
    expect(outcome(closed(1006), { hintMs: 4_000 })).toBe(4_500);
    expect(outcome(closed(4002), { hintMs: 4_000 })).toBe('closed');
  });
});

describe('refusals', () => {
  test.each([
    [400, 'refused'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 500],
    [426, 500],
    [429, 500],
    [500, 500],
    [503, 500],
  ])('%i: %s', (status, wanted) => {
    expect(outcome(refused(status))).toBe(wanted);
  });

  test('Retry-After is waited for, on top of the jitter, and not for ever', () => {
    expect(outcome(refused(429, 7_000))).toBe(7_500);
    expect(outcome(refused(503, 999_999_000))).toBe(300_500);
  });

  test('401 with a token that can be renewed takes a fresh one', () => {
    expect(nextStep(refused(401), { ...HISTORY, canRenew: true })).toMatchObject({
      kind: 'again',
      needsFreshToken: true,
    });
  });
});

test('who left by itself comes back at once; a dead link and a silent server are backed off from', () => {
  expect(outcome({ kind: 'left', why: '' })).toBe(0);
  expect(outcome({ kind: 'silent', forMs: 40_000 })).toBe(500);
  expect(outcome({ kind: 'unopened', why: '', refusal: null }, { failures: 2 })).toBe(2_000);
});
