import type { ServerMessage } from '../protocol/server-messages.ts';
import type { Message } from './messages.ts';

type Payload = Message['payload'];
type Check = (payload: Payload) => boolean;

const isPlace = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
/** JSON has no NaN, but 1e999 is read as Infinity. */
const isDuration = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Payload => typeof value === 'object' && value !== null;
const isRange = ({ from_sequence_id: from, to_sequence_id: to }: Payload): boolean =>
  isPlace(from) && isPlace(to);
const hasFilters: Check = ({ filters }) => isObject(filters);

/** What this library reckons with. Everything else of a payload may be as new as it likes (contract §4). */
const CHECKS: { readonly [Type in ServerMessage['type']]?: Check } = {
  CONNECTED: ({ epoch, sequence_id, heartbeat_interval_ms, heartbeat_timeout_ms, filters }) =>
    typeof epoch === 'string' &&
    isPlace(sequence_id) &&
    isDuration(heartbeat_interval_ms) &&
    isDuration(heartbeat_timeout_ms) &&
    isObject(filters),
  REPLAY_START: ({ epoch, after_sequence_id, missing }) =>
    typeof epoch === 'string' &&
    isPlace(after_sequence_id) &&
    (missing === null || (isObject(missing) && isRange(missing))),
  REPLAY_END: ({ sequence_id }) => isPlace(sequence_id),
  FILTERS_UPDATED: hasFilters,
  SERVER_DRAINING: ({ reconnect_after_ms }) => isDuration(reconnect_after_ms),
  TOKEN_EXPIRING: ({ expires_in_ms }) => isDuration(expires_in_ms),
  MESSAGES_DROPPED: (payload) =>
    isRange(payload) &&
    (payload.from_sequence_id as number) <= (payload.to_sequence_id as number) &&
    isDuration(payload.count) &&
    isObject(payload.by_priority),
  ERROR: ({ retry_after_ms: wait }) => wait === undefined || isDuration(wait),
  PING: () => true,
  PONG: () => true,
};
const EVENT_TYPE = /^[A-Z][A-Z0-9_]*$/;

/**
 * Whether a message can be reckoned with: a wrong number taken at its word would move the client's place in its stream, and lose
 * events without a word. CONNECTED comes first, and once. Messages of types that are new to this client always can be.
 */
export function isWellFormed({ type, sequence_id, payload }: Message, isConnected: boolean): boolean {
  if (sequence_id !== undefined && sequence_id !== null)
    return isConnected && isPlace(sequence_id) && sequence_id > 0 && EVENT_TYPE.test(type);
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type as ServerMessage['type']] : undefined;
  if (check === undefined) return true;
  return isConnected === (type !== 'CONNECTED') && check(payload);
}
