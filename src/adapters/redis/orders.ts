import type { Order, Orders } from '../../core/ports/engine.ts';
import { ORDER_LIFE_MS } from '../../core/ports/engine.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import { keys } from './keys.ts';

/** Orders that are looked at at a time. */
const BATCH = 100;

/** A list for each instance; an order's text is its own name in it. */
export class RedisOrders implements Orders {
  readonly #redis: CommandClient;
  readonly #instanceId: string;

  constructor(redis: CommandClient, instanceId: string) {
    this.#redis = redis;
    this.#instanceId = instanceId;
  }

  async put(instanceId: string, order: Order): Promise<void> {
    const key = keys.orders(instanceId);
    await answered(
      Promise.all([this.#redis.rpush(key, JSON.stringify(order)), this.#redis.pexpire(key, ORDER_LIFE_MS)]),
    );
  }

  async isWaiting(instanceId: string, order: Order): Promise<boolean> {
    return (await answered(this.#redis.lpos(keys.orders(instanceId), JSON.stringify(order)))) !== null;
  }

  async takeBack(instanceId: string, order: Order): Promise<boolean> {
    return (await answered(this.#redis.lrem(keys.orders(instanceId), 1, JSON.stringify(order)))) > 0;
  }

  async waiting(): Promise<Order[]> {
    const waiting = await answered(this.#redis.lrange(keys.orders(this.#instanceId), 0, BATCH - 1));
    return waiting.map((text) => JSON.parse(text) as Order);
  }

  async done(orders: readonly Order[]): Promise<void> {
    const key = keys.orders(this.#instanceId);
    await answered(Promise.all(orders.map((order) => this.#redis.lrem(key, 1, JSON.stringify(order)))));
  }

  async answer({ orderId }: Order, text: string): Promise<void> {
    const key = keys.answers(orderId);
    await answered(
      Promise.all([this.#redis.hset(key, this.#instanceId, text), this.#redis.pexpire(key, ORDER_LIFE_MS)]),
    );
  }

  async answers({ orderId }: Order): Promise<ReadonlyMap<string, string>> {
    return new Map(Object.entries(await answered(this.#redis.hgetall(keys.answers(orderId)))));
  }
}
