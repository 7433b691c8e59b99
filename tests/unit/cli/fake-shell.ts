import type { Shell } from '../../../src/cli/shell.ts';
import type { Environment } from '../../../src/config.ts';

export type FakeShell = Shell & {
  readonly written: string[];
  readonly complained: string[];
  status(): number;
};

/** A shell without a process: pipes that remember, an empty input, and nobody who stops anything. */
export function fakeShell(env: Environment = {}): FakeShell {
  const written: string[] = [];
  const complained: string[] = [];
  let status = 0;
  return {
    env,
    written,
    complained,
    status: () => status,
    input: () => ({ isTTY: true, destroy: () => {}, async *[Symbol.asyncIterator]() {} }),
    output: { write: (text) => written.push(text) },
    errors: { write: (text) => complained.push(text) },
    readerGone: new AbortController().signal,
    toldToStop: () => new AbortController().signal,
    finish: (ended) => {
      status = ended;
    },
  };
}
