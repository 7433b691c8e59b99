import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isId } from '../../protocol/ids.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

// No two processes begin alike; the rest is counted, because chance would have to be asked for every request.
const PROCESS = randomBytes(9).toString('base64url');
let count = 0;

/** What a request is called in its answer and in the log: the id it comes with, which a proxy may have given it, or a new one. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && isId(given) ? given : `${PROCESS}-${(++count).toString(36)}`;
}
