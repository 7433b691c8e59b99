import type { AppContext } from './context.ts';

/**
 * The token of a request: `Authorization: Bearer`, the subprotocol pair `bearer, <jwt>`, or the query parameter, in
 * this order (contract §3). null where there is none.
 */
export function tokenOf(c: AppContext): string | null {
  const authorization = c.req.header('authorization');
  const bearer = authorization === undefined ? null : /^bearer +(\S+) *$/i.exec(authorization);
  if (bearer !== null) return bearer[1] ?? null;
  const [scheme, offered] = protocolsOf(c);
  if (scheme === 'bearer' && offered !== undefined) return offered;
  return c.req.query('token') || null;
}

/** Whether the client offered the subprotocol pair, and has to be answered with its first half. */
export const offersBearer = (c: AppContext): boolean => protocolsOf(c)[0] === 'bearer';

const protocolsOf = (c: AppContext): string[] =>
  (c.req.header('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim());
