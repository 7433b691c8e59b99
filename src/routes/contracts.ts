import { etag, RETAINED_304_HEADERS } from 'hono/etag';
import { textOf } from '../contracts/info.ts';
import { SAFE_HEADERS } from '../protocol/responses.ts';
import type { AppContext } from './context.ts';
import { newRoutes } from './context.ts';
import { onlyMethods } from './methods.ts';

export type ContractRoutesOptions = { openApi(): object; asyncApi(): object };

const ANY_ORIGIN = 'access-control-allow-origin';
const revalidated = () => etag({ retainedHeaders: [...RETAINED_304_HEADERS, ANY_ORIGIN] });

/** What this server offers, for programs: its routes and its messages. Asked seldom, so made when first asked for. */
export function contractRoutes({ openApi, asyncApi }: ContractRoutesOptions) {
  return newRoutes()
    .get('/openapi.json', revalidated(), serving(openApi))
    .all(onlyMethods('GET, HEAD'))
    .get('/asyncapi.json', revalidated(), serving(asyncApi))
    .all(onlyMethods('GET, HEAD'));
}

function serving(document: () => object) {
  let text: string | null = null;
  return (c: AppContext): Response => {
    text ??= textOf(document());
    return c.body(text, 200, {
      ...SAFE_HEADERS,
      'content-type': 'application/json',
      // Another version of the server may say something else: to be asked again, which costs a 304.
      'cache-control': 'no-cache',
      // For viewers of such documents, which are pages of other origins. There is nothing secret in it.
      [ANY_ORIGIN]: '*',
    });
  };
}
