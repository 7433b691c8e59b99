import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT_ARGUMENTS } from './node-arguments.ts';
import { type Exit, type OwnedProcess, startOwned } from './owned-process.ts';

export const TEST_JWT_SECRET = 'test-secret-of-at-least-thirty-two-bytes';
export const TEST_SERVICE_NAME = 'tests';
/** Standard Webhooks key of the service `tests`. */
export const TEST_SERVICE_KEY = `whsec_${Buffer.alloc(24, 'agentcast').toString('base64')}`;

/** Names the variable that says where the server for Node is in one file, which starts faster; without it, it starts as by `npm start`. */
export const SERVER_FILE = 'AGENTCAST_SERVER_FILE';

const START_WITHIN_MS = 30_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Enough for Node and Deno to run; what a developer's shell says about WS_* or REDIS_URL stays outside. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'DENO_DIR'];

export type Runtime = 'node' | 'deno';

export interface ServerOptions {
  runtime: Runtime;
  /** Further variables; stronger than the defaults. */
  env?: Record<string, string>;
  /** Absent or null: the memory engine. */
  redisUrl?: string | null;
  /** A command that runs the server as its only child: `unshare --pid`, say. */
  under?: readonly string[];
  /** On Node, from its sources as `npm start` does: for tests of the process itself. */
  fromSources?: true;
}

/** A server of ours in a process of its own, on a free loopback port. */
export interface ServerProcess {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `ws://127.0.0.1:<port>` */
  readonly wsUrl: string;
  readonly pid: number;
  /** The log lines so far, parsed; a line of stdout that is no JSON object is left out (`output` has it). */
  logs(): Record<string, unknown>[];
  /** Everything written so far, stdout and stderr. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Closes our end of its stdout, as a log shipper does that goes away. */
  stopReading(): void;
  readonly exited: Promise<Exit>;
  /** Ends it at once, without a drain. To see the drain: `signal('SIGTERM')`, then await `exited`. */
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it listens.
 *
 * @throws with the output so far, where it exits first or does not listen within 30 seconds
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const own = options.runtime === 'node' ? nodeCommand(options) : denoCommand();
  const [command = '', ...args] = [...(options.under ?? []), ...own];
  const running = await startOwned(command, args, { cwd: ROOT, env: environment(options) });
  const port = await listeningPort(running);
  return {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    pid: running.pid,
    logs: () =>
      running
        .lines()
        .map(parseLog)
        .filter((log) => log !== null),
    output: running.output,
    signal: running.signal,
    stopReading: running.stopReading,
    exited: running.exited,
    stop: running.end,
  };
}

type Command = readonly [command: string, ...args: string[]];

function nodeCommand({ fromSources }: ServerOptions): Command {
  const file = process.env[SERVER_FILE];
  return file === undefined || fromSources
    ? [process.execPath, ...TYPESCRIPT_ARGUMENTS, 'src/main.node.ts']
    : [process.execPath, '--enable-source-maps', file];
}

/** The command line of `deno task start`, permissions and all, run without `task` so that signals reach the server. */
function denoCommand(): Command {
  const { tasks } = JSON.parse(readFileSync(`${ROOT}deno.json`, 'utf8')) as { tasks: { start: string } };
  return [denoProgram(), ...tasks.start.split(' ').slice(1)];
}

/** The program itself: node_modules/.bin/deno is a script that passes no signal on, where install scripts did not run. */
function denoProgram(): string {
  const { runInstall } = createRequire(import.meta.url)('deno/install_api.cjs') as { runInstall(): string };
  return runInstall();
}

function environment({ env, redisUrl }: ServerOptions): Record<string, string> {
  const inherited = INHERITED.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(inherited),
    HOST: '127.0.0.1',
    PORT: '0',
    JWT_SECRET: TEST_JWT_SECRET,
    INTERNAL_SERVICE_KEYS: `${TEST_SERVICE_NAME}:${TEST_SERVICE_KEY}`,
    // All tests come from one address, and those that share a Redis share its limit too.
    WS_CONNECT_RATE_PER_ADDRESS: '0',
    ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    ...env,
  };
}

async function listeningPort(running: OwnedProcess): Promise<number> {
  try {
    const line = await running.line((text) => parseLog(text)?.msg === 'listening', START_WITHIN_MS);
    const port = parseLog(line)?.port;
    if (typeof port !== 'number') throw new Error(`the start log line has no port: ${line}`);
    return port;
  } catch (error) {
    await running.end();
    throw error;
  }
}

function parseLog(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
