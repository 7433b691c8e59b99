import type { Context } from 'hono';
import { Hono } from 'hono';
import type { Bindings } from '../core/ports/transport.ts';

/** What is known of a request while it is answered. */
type Variables = {
  /** Why it was refused, for the log alone, which may say more than the answer; never a secret, nor what was sent. */
  refusedFor?: string;
  /** No route has its path. */
  isNowhere?: true;
};

/** What every route of ours gets with a request. */
export type AppEnv = { Bindings: Bindings; Variables: Variables };
export type AppContext = Context<AppEnv>;

export const newRoutes = () => new Hono<AppEnv>();
