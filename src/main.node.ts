import { nodeRuntime } from './adapters/runtime/node.ts';
import { main } from './main.ts';

await main(nodeRuntime);
