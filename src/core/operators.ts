import { CLOSE } from '../protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import { ANSWER_WITHIN_MS, Deadline } from './deadline.ts';
import type { Explainer } from './explainer.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine, IdempotencyKey, InstanceEntry, Order, RegisteredConnection } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Random } from './ports/random.ts';

/** How often an instance looks for orders, in ms. */
const ORDERS_MS = 250;
/** How often is looked whether an order was carried out, in ms. */
const LOOK_MS = 50;
/** How long other instances have to carry an order out, in ms: less than an operator is kept waiting for an answer. */
const OBEY_WITHIN_MS = 1_200;

export type OperatorsOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly explainer: Explainer;
};

export type Disconnection =
  | { readonly kind: 'disconnected'; readonly connectionIds: readonly string[] }
  | { readonly kind: 'unknown' }
  /** Instances that have such connections and did not come for the order; what they have was left as it is. */
  | {
      readonly kind: 'unanswered';
      readonly instanceIds: readonly string[];
      readonly connectionIds: readonly string[];
    };

/** What operators ask and order (contract §5), on whichever instance it lies. Orders go through the engine. */
export class Operators {
  readonly #options: OperatorsOptions;
  readonly #stop: Cancel;
  #isLooking = false;

  constructor(options: OperatorsOptions) {
    this.#options = options;
    this.#stop = options.clock.every(ORDERS_MS, () => void this.#lookForOrders());
  }

  /** @throws EngineUnavailable, as do all of these */
  instances(): Promise<readonly InstanceEntry[]> {
    return this.#inTime(this.#options.engine.registry.instances());
  }

  /** Binds the id of a request to what it is for; `conflict` where it is bound to something else. */
  claim(key: Omit<IdempotencyKey, 'item'>, hash: string): Promise<'claimed' | 'conflict'> {
    return this.#inTime(this.#options.engine.streams.claim(key, hash));
  }

  connectionsOf(userId: string): Promise<readonly RegisteredConnection[]> {
    return this.#inTime(this.#options.engine.registry.connectionsOf(userId));
  }

  /** Closes one connection with 4002, wherever it is. */
  disconnectConnection(connectionId: string): Promise<Disconnection> {
    return this.#inTime(this.#disconnectConnection(connectionId));
  }

  /** Closes every connection of a user with 4002. Every instance is told: one may have a connection that is too new. */
  disconnectUser(userId: string): Promise<Disconnection> {
    return this.#inTime(this.#disconnectUser(userId));
  }

  stop(): void {
    this.#stop();
  }

  /** An engine that is slow at every step must not keep an operator waiting for the sum of them. */
  async #inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const deadline = new Deadline(this.#options.clock, ANSWER_WITHIN_MS);
    try {
      return await deadline.wait(answer);
    } finally {
      deadline.end();
    }
  }

  async #disconnectConnection(connectionId: string): Promise<Disconnection> {
    const connection = await this.#options.engine.registry.connection(connectionId);
    if (connection === null) return { kind: 'unknown' };
    const order = this.#order('disconnect_connection', connectionId);
    const isDone = await this.#give(connection.instanceId, order);
    if (!isDone) return { kind: 'unanswered', instanceIds: [connection.instanceId], connectionIds: [] };
    return { kind: 'disconnected', connectionIds: [connectionId] };
  }

  async #disconnectUser(userId: string): Promise<Disconnection> {
    const { registry } = this.#options.engine;
    const [instances, connections] = await Promise.all([
      registry.instances(),
      registry.connectionsOf(userId),
    ]);
    const concerned = new Set(connections.map(({ instanceId }) => instanceId));
    const all = new Set([...instances.map(({ instanceId }) => instanceId), ...concerned]);
    const order = this.#order('disconnect_user', userId);
    const silent = new Set<string>();
    const tell = async (instanceId: string) => {
      if (!(await this.#give(instanceId, order))) silent.add(instanceId);
    };
    await Promise.all([...all].map(tell));
    const unanswered = [...concerned].filter((instanceId) => silent.has(instanceId));
    const connectionIds = connections
      .filter(({ instanceId }) => !silent.has(instanceId))
      .map(({ connectionId }) => connectionId);
    if (unanswered.length > 0) return { kind: 'unanswered', instanceIds: unanswered, connectionIds };
    return { kind: 'disconnected', connectionIds };
  }

  #order(kind: Order['kind'], subject: string): Order {
    return { orderId: this.#options.random.id(), kind, subject };
  }

  /** Resolves true once the instance carried the order out; false when it did not in time, and then it never will. */
  async #give(instanceId: string, order: Order): Promise<boolean> {
    const { clock, engine } = this.#options;
    const deadline = clock.elapsed() + OBEY_WITHIN_MS;
    await engine.orders.put(instanceId, order);
    while (clock.elapsed() < deadline) {
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      if (!(await engine.orders.isWaiting(instanceId, order))) return true;
    }
    return !(await engine.orders.takeBack(instanceId, order));
  }

  async #lookForOrders(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { orders } = this.#options.engine;
      const waiting = await orders.waiting();
      await Promise.all(waiting.map((order) => this.#obey(order)));
      if (waiting.length > 0) await orders.done(waiting);
    } catch (error) {
      // Health tells that the engine does not answer; orders wait.
      if (!(error instanceof EngineUnavailable))
        this.#options.log.error('orders failed', { error: String(error) });
    } finally {
      this.#isLooking = false;
    }
  }

  async #obey(order: Order): Promise<void> {
    const { kind, subject } = order;
    if (kind === 'explain') return this.#options.explainer.answer(order);
    for (const connection of this.#options.connections.values()) {
      const concerned = kind === 'disconnect_user' ? connection.ticket.userId : connection.id;
      if (concerned === subject) connection.close(CLOSE.disconnectedByOperator);
    }
  }
}
