import { expect, it } from 'vitest';
import { BodyBudget } from '../../../src/routes/body-budget.ts';

/** Which of the bodies that a budget of 10 bytes was asked for, one after the other, have had to give way. */
async function gone(bodies: readonly number[], released: readonly number[] = []): Promise<number[]> {
  const budget = new BodyBudget(10);
  const found: number[] = [];
  for (const [index, bytes] of bodies.entries()) {
    const room = budget.take(bytes);
    void room.gone.then(() => found.push(index));
    if (released.includes(index)) room.release();
  }
  await new Promise(setImmediate);
  return found;
}

it('holds as many as there is room for', async () => {
  expect(await gone([4, 3, 3])).toEqual([]);
});

it('has the oldest give way, and no more of them than need be', async () => {
  expect(await gone([4, 3, 3, 1])).toEqual([0]);
  expect(await gone([4, 3, 3, 5])).toEqual([0, 1]);
  expect(await gone([1, 1, 10])).toEqual([0, 1]);
});

it('takes what is larger than all of it, alone', async () => {
  expect(await gone([1, 11, 1])).toEqual([0, 1]);
});

it('forgets what was released, once', async () => {
  expect(await gone([9, 9, 9], [0, 1])).toEqual([]);
  const budget = new BodyBudget(10);
  const first = budget.take(6);
  first.release();
  first.release();
  let isGone = false;
  void budget.take(6).gone.then(() => {
    isGone = true;
  });
  budget.take(6);
  await new Promise(setImmediate);
  expect(isGone).toBe(true);
});
