/** What one instance tells another to do. */
export type Order = {
  readonly orderId: string;
  readonly kind: 'disconnect_connection' | 'disconnect_user' | 'explain';
  /** The id of the connection or user; of an event, its sequence id, a space and its user. */
  readonly subject: string;
};

/**
 * A box of orders for each instance. Not a channel: an order waits there until it is carried out, so that a link that is
 * down for a moment loses none, and who gave it can see that it was done.
 */
export type Orders = {
  put(instanceId: string, order: Order): Promise<void>;
  /** Whether an order was not carried out yet. */
  isWaiting(instanceId: string, order: Order): Promise<boolean>;
  /** Takes an order back; false where it was carried out already. */
  takeBack(instanceId: string, order: Order): Promise<boolean>;
  /** What waits for this instance, the first given first. */
  waiting(): Promise<readonly Order[]>;
  /** Takes orders out that this instance has carried out: only now, or an answer of `waiting` that is lost would lose them. */
  done(orders: readonly Order[]): Promise<void>;
  /** Leaves what this instance has to say to an order, for whoever gave it. */
  answer(order: Order, text: string): Promise<void>;
  /** What was left so far, by the id of the instance that left it. */
  answers(order: Order): Promise<ReadonlyMap<string, string>>;
};

/** How long an order waits for an instance that does not come for it, and an answer for who asked, in ms. */
export const ORDER_LIFE_MS = 10_000;
