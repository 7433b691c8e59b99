import type { Clock } from '../../core/ports/clock.ts';
import type { Order, Orders } from '../../core/ports/engine.ts';
import { ORDER_LIFE_MS } from '../../core/ports/engine.ts';
import type { MemoryStore } from './store.ts';
import { dropExpired, putExpiring } from './store.ts';

export class MemoryOrders implements Orders {
  readonly #store: MemoryStore;
  readonly #instanceId: string;
  readonly #clock: Clock;

  constructor(store: MemoryStore, { instanceId, clock }: { instanceId: string; clock: Clock }) {
    this.#store = store;
    this.#instanceId = instanceId;
    this.#clock = clock;
  }

  async put(instanceId: string, order: Order): Promise<void> {
    const orders = this.#store.orders.get(instanceId) ?? new Map<string, Order>();
    this.#store.orders.set(instanceId, orders.set(order.orderId, order));
  }

  async isWaiting(instanceId: string, { orderId }: Order): Promise<boolean> {
    return this.#store.orders.get(instanceId)?.has(orderId) ?? false;
  }

  async takeBack(instanceId: string, { orderId }: Order): Promise<boolean> {
    return this.#store.orders.get(instanceId)?.delete(orderId) ?? false;
  }

  async waiting(): Promise<Order[]> {
    return [...(this.#store.orders.get(this.#instanceId)?.values() ?? [])];
  }

  async done(orders: readonly Order[]): Promise<void> {
    const box = this.#store.orders.get(this.#instanceId);
    for (const { orderId } of orders) box?.delete(orderId);
    if (box?.size === 0) this.#store.orders.delete(this.#instanceId);
  }

  async answer({ orderId }: Order, text: string): Promise<void> {
    const now = this.#clock.elapsed();
    const { answers } = this.#store;
    dropExpired(answers, now);
    const left = answers.get(orderId)?.value ?? new Map<string, string>();
    putExpiring(answers, orderId, {
      value: left.set(this.#instanceId, text),
      expiresAt: now + ORDER_LIFE_MS,
    });
  }

  async answers({ orderId }: Order): Promise<ReadonlyMap<string, string>> {
    dropExpired(this.#store.answers, this.#clock.elapsed());
    return this.#store.answers.get(orderId)?.value ?? new Map();
  }
}
