import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface OwnedProcess {
  readonly pid: number;
  /** Everything that it has written so far, stdout and stderr in the order of arrival. */
  output(): string;
  /** The lines of stdout so far. */
  lines(): readonly string[];
  /** The first stdout line that `accepts`; fails with the output when the process ends, or `withinMs` passes, before. */
  line(accepts: (line: string) => boolean, withinMs: number): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Closes our end of its stdout, as a log shipper does that goes away. */
  stopReading(): void;
  /** Settles once it has ended and its output is read to the end. */
  readonly exited: Promise<Exit>;
  /** Ends it at once (SIGKILL, which a paused process obeys too) and waits until it has gone. */
  end(): Promise<void>;
}

/**
 * Starts a process that does not outlive this one.
 *
 * @throws where the command cannot be started (not found, not executable)
 */
export async function startOwned(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<OwnedProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const record = recordOutput(child);
  const exited = exitOf(child);
  const pid = await started(child);
  const signal = signaller(pid, exited);
  endWithUs(signal, exited);

  const describe = (what: string): Error =>
    new Error(`${[command, ...args].join(' ')}\n${what}. Its output:\n${record.output() || '(nothing)'}`);
  return {
    pid,
    output: record.output,
    lines: record.lines,
    line: (accepts, withinMs) => awaitLine({ record, exited, describe }, accepts, withinMs),
    signal,
    stopReading: () => child.stdout.destroy(),
    exited,
    end: async () => {
      signal('SIGKILL');
      await exited;
    },
  };
}

const running = new Set<(signal: NodeJS.Signals) => void>();

/** What a failed test left behind goes with this process, be it by an exit or by the SIGTERM that ends test workers. */
function endWithUs(signal: (signal: NodeJS.Signals) => void, exited: Promise<Exit>): void {
  if (running.size === 0) {
    process.once('exit', endAll);
    process.once('SIGTERM', exitAsTerminated);
  }
  running.add(signal);
  void exited.then(() => {
    running.delete(signal);
    if (running.size > 0) return;
    process.off('exit', endAll);
    process.off('SIGTERM', exitAsTerminated);
  });
}

function endAll(): void {
  for (const signal of running) signal('SIGKILL');
}

function exitAsTerminated(): void {
  process.exit(128 + 15);
}

/**
 * Signals by pid, and never after the exit, when the pid may be somebody else's. Not `child.kill`: on Deno 2.9 that
 * closes the pipes at any signal, and a process paused and then killed is never seen to exit.
 */
function signaller(pid: number, exited: Promise<Exit>): (signal: NodeJS.Signals) => void {
  let alive = true;
  void exited.then(() => {
    alive = false;
  });
  return (signal) => {
    if (!alive) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It ended a moment ago, and we are yet to be told.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
}

interface OutputRecord {
  output(): string;
  lines(): readonly string[];
  /** Calls back at every further line, until the returned function is called. */
  onLine(listener: (line: string) => void): () => void;
}

function recordOutput(child: ChildProcess): OutputRecord {
  const chunks: string[] = [];
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  return {
    output: () => chunks.join(''),
    lines: () => lines,
    onLine: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
}

function started(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? -1));
  });
}

function awaitLine(
  {
    record,
    exited,
    describe,
  }: { record: OutputRecord; exited: Promise<Exit>; describe(what: string): Error },
  accepts: (line: string) => boolean,
  withinMs: number,
): Promise<string> {
  const known = record.lines().find(accepts);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      stop();
      finish();
    };
    const stop = record.onLine((line) => {
      if (accepts(line)) settle(() => resolve(line));
    });
    const timer = setTimeout(
      () => settle(() => reject(describe(`did not say so within ${withinMs} ms`))),
      withinMs,
    );
    void exited.then(({ code, signal }) =>
      settle(() => reject(describe(`ended first, with ${signal ?? `exit status ${code}`}`))),
    );
  });
}
