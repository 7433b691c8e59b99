import { CLOSE } from '../../protocol/close-codes.ts';

/** What a client does that was closed (contract §4). */
const ADVICE: Readonly<Record<keyof typeof CLOSE, string>> = {
  normal: 'nothing',
  messageTooBig: 'does not come back unchanged',
  serviceRestart: 'comes back after `reconnect_after_ms`',
  invalidMessage: 'does not come back unchanged',
  tokenExpired: 'comes back with a fresh token',
  disconnectedByOperator: 'does not come back',
  slowConsumer: 'comes back with backoff',
  heartbeatTimeout: 'comes back with backoff',
  overloaded: 'comes back with backoff',
  resyncRequired: 'comes back at once',
};

/** Every close code of ours, and what a client does. */
export const CLOSE_CODES = Object.entries(CLOSE).map(([name, { code, reason }]) => ({
  code,
  reason,
  client: ADVICE[name as keyof typeof CLOSE],
}));

export const CLOSE_CODE_TABLE = [
  '| code | reason | a client |',
  '|---|---|---|',
  ...CLOSE_CODES.map(({ code, reason, client }) => `| ${code} | \`${reason}\` | ${client} |`),
].join('\n');
