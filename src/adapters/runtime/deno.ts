import type { Runtime } from '../../core/ports/runtime.ts';
import { processUsage } from './usage.ts';

/** The part of Deno's own interface that is used here, so that no other checker has to know the rest. */
declare const Deno: {
  version: { deno: string };
  env: { toObject(): Record<string, string> };
  hostname(): string;
  stdout: { writeSync(bytes: Uint8Array): number };
  stderr: { writeSync(bytes: Uint8Array): number };
  addSignalListener(signal: 'SIGTERM' | 'SIGINT', heard: () => void): void;
  exit(status: number): never;
};

declare const addEventListener: (
  type: 'error' | 'unhandledrejection',
  heard: (event: { preventDefault(): void; error?: unknown; reason?: unknown }) => void,
) => void;

const utf8 = new TextEncoder();

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let left = utf8.encode(text);
  try {
    while (left.length > 0) left = left.subarray(stream.writeSync(left));
  } catch {
    // Whoever read it is gone.
  }
}

export const denoRuntime: Runtime = {
  name: 'deno',
  version: Deno.version.deno,
  env: () => Deno.env.toObject(),
  hostname: () => Deno.hostname(),
  usage: processUsage,
  write: (text) => writeAll(Deno.stdout, text),
  writeError: (text) => writeAll(Deno.stderr, text),
  onStopSignal(heard) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) Deno.addSignalListener(signal, () => heard(signal));
  },
  onUncaught(heard) {
    for (const type of ['error', 'unhandledrejection'] as const) {
      addEventListener(type, (event) => {
        event.preventDefault();
        heard(event.error ?? event.reason);
      });
    }
  },
  exit: (status) => Deno.exit(status),
};
