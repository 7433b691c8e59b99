import { inject } from 'vitest';
import { startServer } from '../support/server-process.ts';
import { serverSuite } from './server.suite.ts';

const redisUrl = inject('redisUrl');

serverSuite('node, redis', { start: (env) => startServer({ runtime: 'node', env, redisUrl }), redisUrl });
