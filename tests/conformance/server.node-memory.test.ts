import { startServer } from '../support/server-process.ts';
import { serverSuite } from './server.suite.ts';

serverSuite('node, memory', { start: (env) => startServer({ runtime: 'node', env }), redisUrl: null });
