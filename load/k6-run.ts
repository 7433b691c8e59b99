import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Failure } from '../src/cli/exit-status.ts';
import { type OwnedProcess, startOwned } from '../tests/support/owned-process.ts';
import { TEST_JWT_SECRET, TEST_SERVICE_KEY, TEST_SERVICE_NAME } from '../tests/support/server-process.ts';
import { type PromiseKept, promisesOf, type Summary } from './promise.ts';
import type { Size } from './size.ts';

const SCRIPTS = fileURLToPath(new URL('../k6', import.meta.url));
/** What k6 exits with where thresholds failed, and where none did. */
const JUDGED: readonly (number | null)[] = [0, 99];
const LINES_OF_OUTPUT = 20;
const MOST_COMPLAINTS = 3;
const INHERITED = ['PATH', 'HOME', 'TMPDIR'];

export type K6Options = {
  readonly program: string;
  /** The script's name, without its ending. */
  readonly script: string;
  readonly urls: readonly string[];
  readonly size: Size;
};

export type Findings = {
  readonly promises: readonly PromiseKept[];
  /** The first errors of its log, beside those of thresholds: a script that threw, say. */
  readonly complaints: readonly string[];
};

/** A run of k6. */
export type K6Run = {
  readonly pid: number;
  /** What it found. Rejects with a Failure where it did not come so far. */
  readonly findings: Promise<Findings>;
};

export async function startK6(options: K6Options): Promise<K6Run> {
  const folder = await mkdtemp(join(tmpdir(), 'agentcast-k6-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // Where it is interrupted.
  process.once('exit', removeFolder);
  const summary = join(folder, 'summary.json');
  const script = join(SCRIPTS, `${options.script}.js`);
  const args = ['run', '--quiet', '--no-color', '--no-usage-report', '--summary-export', summary, script];
  const running = await startOwned(options.program, args, { env: environment(options) });
  const findings = judged(running, summary).finally(removeFolder);
  return { pid: running.pid, findings };
}

/** Secrets go by the environment: arguments are there for every user of the machine to see. */
function environment({ urls, size }: K6Options): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    AGENTCAST_URL: urls.join(','),
    AGENTCAST_SERVICE_KEY: `${TEST_SERVICE_NAME}:${TEST_SERVICE_KEY}`,
    JWT_SECRET: TEST_JWT_SECRET,
    CONNECTIONS: String(size.connections),
    DURATION_S: String(size.seconds),
    EVENTS_PER_SECOND: String(size.eventsPerSecond),
    MISSED: String(size.missed),
    SLOW_READERS: String(size.slowReaders),
  };
}

async function judged(running: OwnedProcess, summary: string): Promise<Findings> {
  const { code, signal } = await running.exited;
  if (!JUDGED.includes(code)) {
    const last = running.output().trimEnd().split('\n').slice(-LINES_OF_OUTPUT).join('\n');
    throw new Failure(`k6 ended with ${signal ?? `exit status ${code}`}; its last lines:\n${last}`);
  }
  const promises = promisesOf(JSON.parse(await readFile(summary, 'utf8')) as Summary);
  return { promises, complaints: complaintsIn(running.output()) };
}

/** Errors in k6's log (`time=… level=error msg="…"`), but for the one that thresholds failed, each once. */
export function complaintsIn(output: string): string[] {
  const messages = [...output.matchAll(/^time=\S+ level=error msg="((?:[^"\\]|\\.)*)"/gm)].map(
    ([, text = '']) => text,
  );
  const others = messages.filter((text) => !text.startsWith('thresholds on metrics'));
  return [...new Set(others)].slice(0, MOST_COMPLAINTS);
}
