import type { Next } from 'hono';
import type { Clock } from '../core/ports/clock.ts';
import type { Log } from '../core/ports/log.ts';
import type { AppContext } from './context.ts';

/** Longest part of a path that nothing is at, as it is logged: longer ones may be a token that stands where it should not. */
const LONGEST_PART = 24;

export type RequestLogOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether lines at level `debug` are written: there is one for each request. */
  readonly isDebugging: boolean;
  /** For what is answered with a 5xx, which all clients get again and again. */
  readonly faults: Log;
  clientAddress(context: AppContext): string;
};

/** Says in the log what was refused and why; at level `debug` what was answered, too. */
export function requestLog(options: RequestLogOptions) {
  const { clock, log, faults, isDebugging, clientAddress } = options;
  return async (c: AppContext, next: Next): Promise<void> => {
    const start = isDebugging ? clock.elapsed() : 0;
    await next();
    const { status } = c.res;
    if (status < 400 && !isDebugging) return;
    const request = { request_id: c.env.requestId, method: c.req.method, path: pathOf(c), status };
    if (status < 400) {
      log.debug('request answered', { ...request, duration_ms: Math.round(clock.elapsed() - start) });
      return;
    }
    const reason = c.get('refusedFor');
    const refused = { ...request, address: clientAddress(c), ...(reason !== undefined && { reason }) };
    // While the engine is away, every client and every worker comes again and again.
    (status < 500 ? log : faults).info('request refused', refused);
  };
}

/** The path alone, because the query can hold a token. */
function pathOf(c: AppContext): string {
  if (!c.get('isNowhere')) return c.req.path;
  const hide = (part: string) => (part.length > LONGEST_PART ? `(hidden, ${part.length} characters)` : part);
  return c.req.path.split('/').map(hide).join('/');
}
