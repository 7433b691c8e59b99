import process from 'node:process';
import type { Environment } from '../config.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';

/** A stream of a terminal or a pipe, as far as it matters here. */
export type Output = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

export type Input = AsyncIterable<Uint8Array> & { readonly isTTY?: boolean; destroy(): unknown };

/** What a command gets of the process that it runs in. */
export type Shell = {
  readonly env: Environment;
  /** Opened only where somebody reads it. */
  input(): Input;
  readonly output: Output;
  readonly errors: Output;
  /** Aborts once nobody reads the output any more (`| head`). */
  readonly readerGone: AbortSignal;
  /** Aborts at Ctrl-C or SIGTERM, with the exit status as its reason. Until it is asked for, they end the process. */
  toldToStop(): AbortSignal;
  /** What this run ends with, instead of 0. */
  finish(status: ExitStatus): void;
};

/** The shell of this very process. */
export function processShell(): Shell {
  return {
    env: process.env,
    input: () => process.stdin,
    output: process.stdout,
    errors: process.stderr,
    readerGone: readerGone(),
    toldToStop,
    finish: (status) => {
      process.exitCode = status;
    },
  };
}

function readerGone(): AbortSignal {
  const gone = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    gone.abort();
    if (error.code === 'EPIPE') return;
    process.exitCode = EXIT.failed;
    process.stderr.write(`agentcast: could not write the output: ${error.message}\n`);
  });
  // Whoever read the errors is gone: there is nobody left to tell.
  process.stderr.on('error', () => {});
  return gone.signal;
}

function toldToStop(): AbortSignal {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort(EXIT.interrupted));
  process.once('SIGTERM', () => stopping.abort(EXIT.terminated));
  return stopping.signal;
}
