import { startServer } from '../support/server-process.ts';
import { serverSuite } from './server.suite.ts';

serverSuite('deno, memory', { start: (env) => startServer({ runtime: 'deno', env }), redisUrl: null });
