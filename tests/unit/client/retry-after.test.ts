import { expect, test } from 'vitest';
import { retryAfterMs } from '../../../src/client/retry-after.ts';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0);
const after = (retryAfter: string, date?: string): number | null =>
  retryAfterMs(new Headers({ 'retry-after': retryAfter, ...(date === undefined ? {} : { date }) }), NOW);
const DAY_MS = 86_400_000;

test.each<[string, number | null]>([
  ['0', 0],
  ['120', 120_000],
  // The three forms of RFC 9110 §5.6.7, as it has them.
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
  ['Sun Nov  6 08:49:37 1994', 37_000],
  ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
  // A day is believed, and no more.
  ['86400', DAY_MS],
  ['86401', DAY_MS],
  ['9'.repeat(400), DAY_MS],
  ['Sun, 06 Nov 2044 08:49:37 GMT', DAY_MS],
  // Neither a number of seconds nor a date of HTTP, though a Date would take most of them.
  ['', null],
  ['soon', null],
  ['-1', null],
  ['1.5', null],
  ['1994-11-06T08:49:37Z', null],
  ['06 Nov 1994 08:49:37 GMT', null],
  ['Sun, 06 Nov 1994 08:49:37 +0100', null],
  ['Sun, 06 Foo 1994 08:49:37 GMT', null],
  ['Sun, 06 Nov 1994 99:99:99 GMT', null],
])('Retry-After: %s is %s ms', (text, milliseconds) => {
  expect(after(text)).toBe(milliseconds);
});

test('none is none', () => {
  expect(retryAfterMs(new Headers({ date: 'Sun, 06 Nov 1994 08:49:37 GMT' }), NOW)).toBeNull();
});

test('a date counts from the Date of the same answer, whatever our own clock says', () => {
  const anHourAhead = 'Sun, 06 Nov 1994 09:49:00 GMT';
  expect(after('Sun, 06 Nov 1994 09:49:05 GMT', anHourAhead)).toBe(5_000);
  expect(after('120', anHourAhead)).toBe(120_000);
  expect(after('Sun, 06 Nov 1994 08:49:37 GMT', 'today')).toBe(37_000);
});

test('our own clock is the real one', () => {
  const headers = new Headers({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
  expect(retryAfterMs(headers)).toBeGreaterThan(50_000);
  expect(retryAfterMs(headers)).toBeLessThanOrEqual(60_000);
});
