import type { IdempotencyKey } from '../../core/ports/engine.ts';

/**
 * Every Redis key and channel there is (contract §6). The braces are a hash tag: what one script touches shares a
 * cluster slot.
 */
export const keys = {
  stream: (userId: string) => `ws:replay:agent_status:{${userId}}`,
  meta: (userId: string) => `ws:replay:meta:{${userId}}`,
  channel: (userId: string) => `ws:user:{${userId}}`,
  connection: (connectionId: string) => `ws:connections:${connectionId}`,
  connectionsOfUser: (userId: string) => `ws:connections:user:${userId}`,
  instance: (instanceId: string) => `ws:instances:${instanceId}`,

  // Helpers of our own.
  /** Hash of where each of a user's tasks is. */
  progress: (userId: string) => `ws:progress:{${userId}}`,
  /** Body hash of a publish request, for the idempotency window. */
  claim: ({ service, id }: Omit<IdempotencyKey, 'item'>) => `ws:publish:${service}:${id}`,
  /** First answer to one item of a publish request, for the idempotency window. */
  result: (userId: string, { service, id, item }: IdempotencyKey) =>
    `ws:published:{${userId}}:${service}:${item}:${id}`,
  /** Set of instance ids, those of dead instances included until somebody has cleared them. */
  instances: 'ws:instances',
  /** Hash of the user of each connection of an instance. */
  connectionsOfInstance: (instanceId: string) => `ws:connections:instance:${instanceId}`,
  /** Which survivor clears a dead instance. */
  clearing: (instanceId: string) => `ws:clearing:${instanceId}`,
  /** List of orders for an instance. */
  orders: (instanceId: string) => `ws:orders:${instanceId}`,
  /** Hash of what each instance has to say to an order. */
  answers: (orderId: string) => `ws:answers:${orderId}`,
  /** Hash of a bucket of tokens, and of the share in it of each instance. */
  limit: (limit: string) => `ws:limits:${limit}`,
  /** Sorted set of upgrades from one client network by when they stop counting. */
  upgrades: (network: string) => `ws:upgrades:${network}`,
  /** Written and heard by the instance itself, to prove that both ways work. */
  probe: (instanceId: string) => `ws:probe:${instanceId}`,
} as const;

const CHANNEL_START = 'ws:user:{'.length;

/** The user of a hand-over channel. */
export const userOfChannel = (channel: string): string => channel.slice(CHANNEL_START, -1);
