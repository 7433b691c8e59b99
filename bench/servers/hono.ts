import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { reportToBench } from './report.ts';

/** The framework alone: reads the body and answers. */
const app = new Hono();
app.post('*', async (c) => {
  await c.req.text();
  return c.json({ sequence_id: 1, epoch: '0123456789abcdef01234567' }, 202);
});
// Its idle connections are kept, as those of the bare server are.
const serverOptions = { keepAliveTimeout: 0 };
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions }, ({ port }) => reportToBench(port));
