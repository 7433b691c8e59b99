import { denoRuntime } from './adapters/runtime/deno.ts';
import { run } from './run.ts';

await run(denoRuntime);
