import { createMask, secretsOf } from './config/masking.ts';
import { ConfigError, parseConfig } from './config.ts';
import type { Runtime } from './core/ports/runtime.ts';
import type { Server } from './serve.ts';
import { randomSuffix, serve } from './serve.ts';

/** A terminal's Ctrl-C can reach the process twice, by its group and by the task runner above it; in ms. */
const SAME_KEYSTROKE_MS = 100;

/** Runs a server from the environment alone: until a first stop signal drains it, or a second one stops it at once. */
export async function run(runtime: Runtime): Promise<void> {
  // Heard from the beginning: one that comes before the server listens stops it in order, as soon as it does.
  const toldToStop = stopSignal(runtime);
  const server = await start(runtime);
  if (server === null) {
    runtime.exit(1);
    return;
  }
  await toldToStop;
  await stop(server, runtime);
}

/** Resolves at the first stop signal; a second one ends the process. */
function stopSignal(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    runtime.onStopSignal((signal) => {
      const now = performance.now();
      if (firstAt !== null && signal === 'SIGINT' && now - firstAt < SAME_KEYSTROKE_MS) return;
      if (firstAt !== null) runtime.exit(1);
      firstAt ??= now;
      resolve();
    });
  });
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
    runtime.writeError(createMask(secretsOf(runtime.env()))(`agentcast: ${text}\n`));
    return null;
  }
}
