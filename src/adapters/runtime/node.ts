import { hostname } from 'node:os';
import process from 'node:process';
import type { Runtime } from '../../core/ports/runtime.ts';
import { processUsage } from './usage.ts';

export const nodeRuntime: Runtime = {
  name: 'node',
  version: process.versions.node,
  env: () => process.env,
  hostname,
  usage: processUsage,
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  onStopSignal(heard) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => heard(signal));
  },
  onUncaught(heard) {
    // Whoever read the log is gone; every line about that would fail in turn.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    process.on('uncaughtException', heard);
    process.on('unhandledRejection', heard);
  },
  exit: (status) => process.exit(status),
};
