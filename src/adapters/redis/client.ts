import type { RedisOptions } from 'ioredis';
import { Redis } from 'ioredis';
import { EngineUnavailable } from '../../core/ports/engine.ts';

/** A publish asks twice, and has to be answered within 2 s (contract §5). */
const COMMAND_TIMEOUT_MS = 900;
const CONNECT_TIMEOUT_MS = 1_500;
const RECONNECT_MS = 200;

/** The probe goes over both links every second, so a link that is silent for longer is dead. */
export const LINK_TIMEOUT_MS = 4_000;

const shared: RedisOptions = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: LINK_TIMEOUT_MS,
  retryStrategy: (attempt) => Math.min(RECONNECT_MS * attempt, 1_000) * (0.5 + Math.random() / 2),
  autoResendUnfulfilledCommands: false,
  // A promoted replica, or a primary that became one: connect again, to learn where the primary is now.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

/** The link for commands: fails fast instead of waiting for Redis to come back. */
export const createCommandLink = (url: string): Redis =>
  new Redis(url, {
    ...shared,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
  });

/**
 * The link for hand-overs. Resubscribing is ours: the client's own is reported ready before it is acknowledged, and
 * ends the process when it fails.
 */
export const createSubscriberLink = (url: string): Redis =>
  new Redis(url, {
    ...shared,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    autoResubscribe: false,
  });

/** Waits for an answer of Redis; whatever keeps it from answering is `EngineUnavailable` to the core. */
export async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineUnavailable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineUnavailable(`Redis did not answer: ${reason}`, { cause: error });
  }
}
