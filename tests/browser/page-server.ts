import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { PageOptions } from '../../src/demo/page.ts';
import { createPage } from '../../src/demo/page.ts';

/** Serves the page on an origin of its own, as a platform would; gives its address, and what stops it. */
export async function servePage({
  port = 0,
  ...options
}: PageOptions & { readonly port?: number }): Promise<{ url: string; stop(): Promise<void> }> {
  const page = createPage(options);
  const answer = (request: Request) => page(request) ?? new Response(null, { status: 404 });
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: answer, port, hostname: '127.0.0.1' }, () => resolve(started));
  });
  const { port: chosen } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      // Browsers keep connections for later.
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${chosen}/`, stop };
}
