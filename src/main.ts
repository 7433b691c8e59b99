import { ConfigError, parseConfig } from './config.ts';
import type { Runtime } from './core/ports/runtime.ts';
import { randomSuffix, serve } from './serve.ts';

/** Runs a server from the environment alone: until a first stop signal drains it, or a second one stops it at once. */
export async function main(runtime: Runtime): Promise<void> {
  const server = await start(runtime);
  if (server === null) {
    runtime.exit(1);
    return;
  }
  let isStopping = false;
  runtime.onStopSignal(() => {
    if (isStopping) {
      runtime.exit(1);
      return;
    }
    isStopping = true;
    void server.drain().then(
      () => runtime.exit(0),
      (error: unknown) => {
        runtime.writeError(`agentcast: stopping failed: ${String(error)}\n`);
        runtime.exit(1);
      },
    );
  });
}

async function start(runtime: Runtime) {
  try {
    const config = parseConfig(runtime.env(), { hostname: runtime.hostname(), randomSuffix: randomSuffix() });
    return await serve(config, runtime);
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : `could not start: ${String(error)}`;
    runtime.writeError(`agentcast: ${text}\n`);
    return null;
  }
}
