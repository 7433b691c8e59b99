import type { Context } from 'hono';
import { Hono } from 'hono';
import type { Bindings } from '../core/ports/transport.ts';

/** What every route of ours gets with a request. */
export type AppEnv = { Bindings: Bindings };
export type AppContext = Context<AppEnv>;

export const newRoutes = () => new Hono<AppEnv>();
