import { expect, test } from 'vitest';
import { NO_RECOVERY, recoveryAsked, recoveryDueAt, shed } from '../../../src/client/recovery.ts';

const QUIET_MS = 1_000;
const due = (recovery: typeof NO_RECOVERY, chance = 1) => recoveryDueAt(recovery, QUIET_MS, chance);

test('nothing shed, nothing to ask for; asked for, it is not asked for again', () => {
  expect(due(NO_RECOVERY)).toBeNull();
  expect(due(recoveryAsked(shed(NO_RECOVERY, 100), 1_100))).toBeNull();
});

test('it waits until nothing more is shed, and clients do not ask together', () => {
  const once = shed(NO_RECOVERY, 100);
  expect(due(once)).toBe(1_100);
  expect(due(once, 0)).toBe(600);
  expect(due(shed(once, 900))).toBe(1_900);
});

test('however long it goes on, it asks 10 seconds after the first: the window does not wait', () => {
  let recovery = NO_RECOVERY;
  for (let now = 0; now <= 9_900; now += 100) recovery = shed(recovery, now);
  expect(due(recovery)).toBe(10_000);
});

test('as long as more is shed after each recovery, the while doubles; a calm minute ends that', () => {
  let recovery = NO_RECOVERY;
  const whiles: number[] = [];
  let now = 0;
  for (let round = 0; round < 6; round++) {
    recovery = shed(recovery, now);
    const at = due(recovery) ?? 0;
    whiles.push(at - now);
    recovery = recoveryAsked(recovery, at);
    now = at + 100;
  }
  expect(whiles).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(due(shed(recovery, now + 61_000))).toBe(now + 62_000);
});
