import { denoRuntime } from './adapters/runtime/deno.ts';
import { main } from './main.ts';

await main(denoRuntime);
