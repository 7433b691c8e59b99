import type { Order, Orders } from '../../core/ports/engine.ts';
import type { MemoryStore } from './store.ts';

export class MemoryOrders implements Orders {
  readonly #store: MemoryStore;
  readonly #instanceId: string;

  constructor(store: MemoryStore, instanceId: string) {
    this.#store = store;
    this.#instanceId = instanceId;
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
}
