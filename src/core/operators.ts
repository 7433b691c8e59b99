import { CLOSE } from '../protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine, InstanceEntry, Order, RegisteredConnection } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Random } from './ports/random.ts';

/** How often an instance looks for orders, in ms. */
const TAKE_MS = 250;
/** How often is looked whether an order was taken, in ms. */
const LOOK_MS = 50;
/** How long an operator waits for other instances at most, in ms (contract §5: answered within 2 s). */
const ANSWER_WITHIN_MS = 1_200;

export type OperatorsOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connections: ReadonlyMap<string, Connection>;
};

export type Disconnection =
  | { readonly kind: 'disconnected'; readonly connectionIds: readonly string[] }
  | { readonly kind: 'unknown' }
  /** Instances that have such connections and did not come for the order; they were left as they are. */
  | { readonly kind: 'unanswered'; readonly instanceIds: readonly string[] };

/** What operators ask and order (contract §5), on whichever instance it lies. Orders go through the engine. */
export class Operators {
  readonly #options: OperatorsOptions;
  readonly #stop: Cancel;
  #isTaking = false;

  constructor(options: OperatorsOptions) {
    this.#options = options;
    this.#stop = options.clock.every(TAKE_MS, () => void this.#takeOrders());
  }

  /** @throws EngineUnavailable, as do all of these */
  instances(): Promise<readonly InstanceEntry[]> {
    return this.#options.engine.registry.instances();
  }

  connectionsOf(userId: string): Promise<readonly RegisteredConnection[]> {
    return this.#options.engine.registry.connectionsOf(userId);
  }

  /** Closes one connection with 4002, wherever it is. */
  async disconnectConnection(connectionId: string): Promise<Disconnection> {
    const connection = await this.#options.engine.registry.connection(connectionId);
    if (connection === null) return { kind: 'unknown' };
    const order = this.#order('disconnect_connection', connectionId);
    const isTaken = await this.#give(connection.instanceId, order);
    if (!isTaken) return { kind: 'unanswered', instanceIds: [connection.instanceId] };
    return { kind: 'disconnected', connectionIds: [connectionId] };
  }

  /** Closes every connection of a user with 4002. Every instance is told: one may have a connection that is too new. */
  async disconnectUser(userId: string): Promise<Disconnection> {
    const [instances, connections] = await Promise.all([this.instances(), this.connectionsOf(userId)]);
    const concerned = new Set(connections.map(({ instanceId }) => instanceId));
    const all = new Set([...instances.map(({ instanceId }) => instanceId), ...concerned]);
    const order = this.#order('disconnect_user', userId);
    const silent = new Set<string>();
    const tell = async (instanceId: string) => {
      if (!(await this.#give(instanceId, order))) silent.add(instanceId);
    };
    await Promise.all([...all].map(tell));
    const unanswered = [...concerned].filter((instanceId) => silent.has(instanceId));
    if (unanswered.length > 0) return { kind: 'unanswered', instanceIds: unanswered };
    return { kind: 'disconnected', connectionIds: connections.map(({ connectionId }) => connectionId) };
  }

  stop(): void {
    this.#stop();
  }

  #order(kind: Order['kind'], subject: string): Order {
    return { orderId: this.#options.random.id(), kind, subject };
  }

  /** Resolves true once the instance took the order; false when it did not in time, and then it never will. */
  async #give(instanceId: string, order: Order): Promise<boolean> {
    const { clock, engine } = this.#options;
    const deadline = clock.elapsed() + ANSWER_WITHIN_MS;
    await engine.orders.put(instanceId, order);
    while (clock.elapsed() < deadline) {
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      if (!(await engine.orders.isWaiting(instanceId, order))) return true;
    }
    return !(await engine.orders.takeBack(instanceId, order));
  }

  async #takeOrders(): Promise<void> {
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      for (const order of await this.#options.engine.orders.take()) this.#obey(order);
    } catch (error) {
      // Health tells that the engine does not answer; orders wait.
      if (!(error instanceof EngineUnavailable))
        this.#options.log.error('orders failed', { error: String(error) });
    } finally {
      this.#isTaking = false;
    }
  }

  #obey({ kind, subject }: Order): void {
    for (const connection of this.#options.connections.values()) {
      const concerned = kind === 'disconnect_user' ? connection.ticket.userId : connection.id;
      if (concerned === subject) connection.close(CLOSE.disconnectedByOperator);
    }
  }
}
