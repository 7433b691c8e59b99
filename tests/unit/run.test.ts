import { describe, expect, it } from 'vitest';
import type { Runtime } from '../../src/core/ports/runtime.ts';
import { run } from '../../src/run.ts';
import { TEST_JWT_SECRET, TEST_SERVICE_KEY } from '../support/server-process.ts';
import { NO_USAGE } from '../support/test-metrics.ts';

const ENV = {
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_SECRET: TEST_JWT_SECRET,
  INTERNAL_SERVICE_KEYS: `tests:${TEST_SERVICE_KEY}`,
};

/** A process that is told to stop by `signal`, and does not end when it exits. */
function startProcess(env: Record<string, string> = ENV) {
  const messages: string[] = [];
  const exits: number[] = [];
  let signal = (_: string): void => {};
  let exit = (): void => {};
  const exited = new Promise<void>((resolve) => {
    exit = resolve;
  });
  const runtime: Runtime = {
    name: 'node',
    version: '20.0.0',
    usage: () => NO_USAGE,
    env: () => env,
    hostname: () => 'box',
    write: (line) => void messages.push(JSON.parse(line).msg),
    writeError: () => {},
    onStopSignal: (heard) => {
      signal = heard;
    },
    onUncaught: () => {},
    exit: (status) => {
      exits.push(status);
      exit();
    },
  };
  const ended = run(runtime);
  return { messages, exits, exited, ended, signal: (name: string) => signal(name) };
}

describe('a process', () => {
  it('that is told to stop before it listens stops in order, with exit status 0', async () => {
    const { messages, exits, ended, signal } = startProcess();
    signal('SIGTERM');
    await ended;
    expect(exits).toEqual([0]);
    expect(messages).toEqual(['listening', 'draining', 'drained']);
  });

  it('that is told twice ends at once, but not by the echo of one keystroke', async () => {
    const { exits, exited, ended, signal } = startProcess();
    signal('SIGINT');
    signal('SIGINT');
    expect(exits).toEqual([]);
    signal('SIGTERM');
    await exited;
    expect(exits).toEqual([1]);
    await ended;
  });

  it('that cannot start ends with exit status 1, told to stop or not', async () => {
    const { exits, ended, signal } = startProcess({});
    signal('SIGTERM');
    await ended;
    expect(exits).toEqual([1]);
  });
});
