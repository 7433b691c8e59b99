import { RETRY_MS } from '../core/admission.ts';
import { problemResponse } from '../protocol/problems.ts';
import { jsonResponse, SAFE_HEADERS } from '../protocol/responses.ts';
import { newRoutes } from './context.ts';
import { onlyMethods } from './methods.ts';

export type OperationsRoutesOptions = {
  isDraining(): boolean;
  /** Why this instance should get no traffic; empty while it should. */
  unreadiness(): readonly string[];
  /** Every metric as a text of the type it names. */
  scrape(): Promise<{ readonly text: string; readonly contentType: string }>;
};

/** What platform engineers and their load balancers ask (contract §7). */
export function operationsRoutes(options: OperationsRoutesOptions) {
  return newRoutes()
    .get('/healthz', () => jsonResponse({ status: 'ok' }))
    .all(onlyMethods('GET, HEAD'))
    .get('/readyz', (c) => {
      if (options.isDraining()) {
        return problemResponse({
          code: 'draining',
          detail: 'this instance is draining',
          retryAfterMs: RETRY_MS,
        });
      }
      const reasons = options.unreadiness();
      if (reasons.length === 0) return jsonResponse({ status: 'ready' });
      const detail = reasons.join('; ');
      c.set('refusedFor', detail);
      return problemResponse({ code: 'not-ready', detail, retryAfterMs: RETRY_MS });
    })
    .all(onlyMethods('GET, HEAD'))
    .get('/metrics', async () => {
      const { text, contentType } = await options.scrape();
      return new Response(text, { headers: { ...SAFE_HEADERS, 'content-type': contentType } });
    })
    .all(onlyMethods('GET, HEAD'));
}
