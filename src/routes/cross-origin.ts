import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { AppEnv } from './context.ts';

/** How long a browser remembers what it may ask, in seconds; most have a bound of their own below it. */
const REMEMBERED_S = 7_200;

/**
 * Lets pages of allowed origins read why an upgrade was refused (CORS, WHATWG Fetch): a browser hides that of the upgrade itself,
 * so they ask by a plain GET, with the token in a header. No cookies come along. Upgrades know no CORS, and are not touched.
 * @param allowedOrigins in lower case; null allows every one
 */
export function crossOrigin(allowedOrigins: readonly string[] | null): MiddlewareHandler<AppEnv> {
  const readable = cors({
    origin: allowedOrigins === null ? '*' : (origin) => (isAllowed(origin, allowedOrigins) ? origin : null),
    allowMethods: ['GET'],
    allowHeaders: ['authorization'],
    exposeHeaders: ['retry-after'],
    maxAge: REMEMBERED_S,
  });
  return (c, next) => (c.env.upgrade === null ? readable(c, next) : next());
}

/** Whether a page of this origin may connect. */
export const isAllowed = (origin: string, allowed: readonly string[]): boolean =>
  allowed.includes(origin.toLowerCase());
