/**
 * Every close code that a server of ours sends (contract §4). The band tells the client what to do:
 * 4000–4099 do not reconnect unchanged, 4100–4199 reconnect with backoff, 4200–4299 reconnect at once.
 */
export const CLOSE = {
  normal: { code: 1000, reason: 'normal' },
  messageTooBig: { code: 1009, reason: 'message_too_big' },
  serviceRestart: { code: 1012, reason: 'service_restart' },
  invalidMessage: { code: 4000, reason: 'invalid_message' },
  tokenExpired: { code: 4001, reason: 'token_expired' },
  disconnectedByOperator: { code: 4002, reason: 'disconnected_by_operator' },
  slowConsumer: { code: 4100, reason: 'slow_consumer' },
  heartbeatTimeout: { code: 4101, reason: 'heartbeat_timeout' },
  overloaded: { code: 4102, reason: 'overloaded' },
  resyncRequired: { code: 4200, reason: 'resync_required' },
} as const;

export type Close = (typeof CLOSE)[keyof typeof CLOSE];
