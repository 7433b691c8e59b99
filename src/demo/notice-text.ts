import type { Message } from '../client/index.ts';
import { printable, wordOf } from './message-text.ts';

type Payload = Message['payload'];

/** What a message that is no event says, in words; null for one that needs no line, undefined for an event. */
export function noticeText({ type, payload }: Message): string | null | undefined {
  const text = Object.hasOwn(TEXTS, type) ? TEXTS[type]?.(payload) : undefined;
  return typeof text === 'string' ? printable(text) : text;
}

const TEXTS: Readonly<Record<string, (payload: Payload) => string | null>> = {
  CONNECTED: ({ user_id, instance_id, sequence_id, heartbeat_interval_ms }) =>
    said`connected as ${user_id} to ${instance_id}; newest event #${sequence_id}, a PING every ${seconds(heartbeat_interval_ms)}`,
  REPLAY_START: ({ reason, after_sequence_id, missing }) =>
    said`replay (${named(REASONS, reason)}): ${after_sequence_id === 0 ? 'all that is kept' : said`what came after #${after_sequence_id}`}${gapText(missing)}`,
  REPLAY_END: ({ delivered, sequence_id }) =>
    said`replay done: ${counted(delivered, 'event')}; live from #${sequence_id} on`,
  MESSAGES_DROPPED: (payload) => droppedText(payload),
  FILTERS_UPDATED: ({ filters }) => said`filters now: ${JSON.stringify(filters)}`,
  SERVER_DRAINING: ({ reconnect_after_ms }) =>
    said`the server is stopping; leaving it in ${seconds(reconnect_after_ms)}`,
  TOKEN_EXPIRING: ({ expires_at, expires_in_ms }) =>
    said`the token expires in ${seconds(expires_in_ms)}, at ${expires_at}; going on then takes a fresh one`,
  ERROR: ({ code, message }) => said`error ${code}: ${message}`,
  PING: () => null,
  PONG: () => null,
};

const REASONS: Readonly<Record<string, string>> = {
  connected: 'on connect',
  requested: 'as asked',
  resync: 'the server noticed a hole and repairs it',
};

const GAPS: Readonly<Record<string, string>> = {
  expired: 'they are older than the replay window',
  trimmed: 'more events came than are kept',
  epoch_changed: 'the stream began anew, so nobody can tell what came in between',
};

const DROPS: Readonly<Record<string, string>> = {
  buffer_full: 'this client reads too slowly',
  expired: 'they waited too long',
  rate_limited: 'there were more than the rate limit lets through',
};

function gapText(missing: unknown): string {
  if (typeof missing !== 'object' || missing === null) return '';
  const { from_sequence_id: from, to_sequence_id: to, reason } = missing as Payload;
  return said` - GAP: #${from} to #${to} are missing, ${named(GAPS, reason)}`;
}

function droppedText({
  count,
  reason,
  from_sequence_id: from,
  to_sequence_id: to,
  recoverable,
}: Payload): string {
  const range = typeof from === 'number' ? ` (#${from} to #${to})` : '';
  const remedy = recoverable === true ? '; they are asked for again' : '';
  return said`GAP: ${counted(count, 'message')} dropped${range}, ${named(DROPS, reason)}${remedy}`;
}

const counted = (count: unknown, noun: string): string => said`${count} ${noun}${count === 1 ? '' : 's'}`;

const seconds = (ms: unknown): string => said`${Number((Number(ms) / 1000).toFixed(1))} s`;

/** A text of values that may be anything. */
const said = (texts: TemplateStringsArray, ...values: readonly unknown[]): string =>
  String.raw({ raw: texts }, ...values.map(wordOf));

const named = (names: Readonly<Record<string, string>>, value: unknown): unknown =>
  typeof value === 'string' && Object.hasOwn(names, value) ? names[value] : value;
