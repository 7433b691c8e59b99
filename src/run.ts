import { ConfigError, parseConfig } from './config.ts';
import type { Runtime } from './core/ports/runtime.ts';
import type { Server } from './serve.ts';
import { randomSuffix, serve } from './serve.ts';

/** A terminal's Ctrl-C can reach the process twice, by its group and by the task runner above it; in ms. */
const SAME_KEYSTROKE_MS = 100;

/** Runs a server from the environment alone: until a first stop signal drains it, or a second one stops it at once. */
export async function run(runtime: Runtime): Promise<void> {
  let server: Server | null = null;
  let firstAt: number | null = null;
  // Heard from the beginning: whoever reads that the server listens may stop it in the same moment.
  runtime.onStopSignal((signal) => {
    const now = performance.now();
    if (firstAt !== null && signal === 'SIGINT' && now - firstAt < SAME_KEYSTROKE_MS) return;
    if (firstAt !== null || server === null) {
      runtime.exit(1);
      return;
    }
    firstAt = now;
    void stop(server, runtime);
  });
  server = await start(runtime);
  if (server === null) runtime.exit(1);
}

async function stop(server: Server, runtime: Runtime): Promise<void> {
  try {
    await server.drain();
    runtime.exit(0);
  } catch (error) {
    runtime.writeError(`agentcast: stopping failed: ${String(error)}\n`);
    runtime.exit(1);
  }
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
