import { nodeRuntime } from './adapters/runtime/node.ts';
import { run } from './run.ts';

await run(nodeRuntime);
