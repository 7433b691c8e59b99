import type { ServerMessage } from './server-messages.ts';

/** Types that only the server itself says. A worker that could publish them could make clients leave, or believe a gap. */
export const SERVER_TYPES: readonly ServerMessage['type'][] = [
  'CONNECTED',
  'REPLAY_START',
  'REPLAY_END',
  'PING',
  'PONG',
  'FILTERS_UPDATED',
  'MESSAGES_DROPPED',
  'SERVER_DRAINING',
  'TOKEN_EXPIRING',
  'ERROR',
];
