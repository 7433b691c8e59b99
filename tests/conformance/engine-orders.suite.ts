import { expect, test } from 'vitest';
import type { Order } from '../../src/core/ports/engine.ts';
import { freshId, freshUser } from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const orderOf = (): Order => ({ orderId: freshId(), kind: 'disconnect_user', subject: freshUser() });

export function ordersSuite(rig: PresentRig): void {
  const pair = async () => {
    const instanceId = `i-${freshId()}`;
    const [one, other] = await Promise.all([rig().engine(), rig().engine({ instanceId })]);
    return { one, other, instanceId };
  };

  test('orders wait for their instance, in the order given, until it has carried them out', async () => {
    const { one, other, instanceId } = await pair();
    const [first, second] = [orderOf(), orderOf()];
    await one.orders.put(instanceId, first);
    await one.orders.put(instanceId, second);
    expect(await one.orders.isWaiting(instanceId, first)).toBe(true);
    expect(await one.orders.waiting()).toEqual([]);
    expect(await other.orders.waiting()).toEqual([first, second]);
    expect(await other.orders.waiting()).toEqual([first, second]);
    await other.orders.done([first]);
    expect(await other.orders.waiting()).toEqual([second]);
    expect(await one.orders.isWaiting(instanceId, first)).toBe(false);
    expect(await one.orders.isWaiting(instanceId, second)).toBe(true);
    await other.orders.done([second, first]);
    expect(await other.orders.waiting()).toEqual([]);
  });

  test('what each instance answers to an order is there for who gave it, and for no other order', async () => {
    const { one, other, instanceId } = await pair();
    const [asked, another] = [orderOf(), orderOf()];
    expect(await one.orders.answers(asked)).toEqual(new Map());
    await other.orders.answer(asked, '{"n":1}');
    expect(await one.orders.answers(asked)).toEqual(new Map([[instanceId, '{"n":1}']]));
    await one.orders.answer(asked, 'two');
    const answers = await other.orders.answers(asked);
    expect([...answers.values()].sort()).toEqual(['two', '{"n":1}']);
    expect(await one.orders.answers(another)).toEqual(new Map());
  });

  test('an order that was not carried out can be taken back, and then it never comes', async () => {
    const { one, other, instanceId } = await pair();
    const [stays, goes] = [orderOf(), orderOf()];
    await one.orders.put(instanceId, stays);
    await one.orders.put(instanceId, goes);
    expect(await one.orders.takeBack(instanceId, goes)).toBe(true);
    expect(await one.orders.takeBack(instanceId, goes)).toBe(false);
    expect(await other.orders.waiting()).toEqual([stays]);
    await other.orders.done([stays]);
    expect(await one.orders.takeBack(instanceId, stays)).toBe(false);
  });
}
