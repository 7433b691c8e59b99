import { hostname } from 'node:os';
import { nodeRuntime } from '../../src/adapters/runtime/node.ts';
import { parseConfig } from '../../src/config.ts';
import { serve } from '../../src/serve.ts';
import { reportToBench } from './report.ts';

/** Ours, from the environment alone, as `npm start` runs it. */
const config = parseConfig(process.env, { hostname: hostname(), randomSuffix: 'bench' });
const { port, drain } = await serve(config, nodeRuntime);
process.once('SIGTERM', () => void drain().then(() => process.disconnect()));
reportToBench(port);
