import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type OwnedProcess, startOwned } from './owned-process.ts';
import { findProgram } from './program-path.ts';

const START_WITHIN_MS = 10_000;
const ATTEMPTS_ON_A_TAKEN_PORT = 5;

/** A real Redis (or Valkey) process of our own on loopback, which tests may kill, pause and restart. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now: a restart changes it. */
  readonly pid: number;
  /** Ends the process at once and removes the directory that it was given by us. */
  stop(): Promise<void>;
  /** Sends a signal; where that ends the process (all but SIGSTOP and SIGCONT), waits until it has gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, directory and arguments; kills it first if it still runs. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  /** Further command line arguments, after (and so stronger than) ours, which switch persistence off. */
  args?: string[];
  /** Port on 127.0.0.1; a free one by default. */
  port?: number;
  /** Working directory, where its files go; a temporary one, removed by `stop`, by default. */
  dir?: string;
}

/** The path of a `redis-server`, else of a `valkey-server`, or null. */
export const findRedisProgram = (): string | null => findProgram('redis-server', 'valkey-server');

/**
 * Starts a Redis without persistence and waits until it accepts connections.
 *
 * @throws where there is no program to start, or it does not come up within 10 seconds (its output is in the error)
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = findRedisProgram();
  if (program === null) throw new Error('no redis-server and no valkey-server on PATH');
  const dir = options.dir ?? ownDir();
  const removeDir = (): void => {
    if (ownDirs.delete(dir)) remove(dir);
  };
  try {
    const { port, running } = await launchOnPort(program, dir, options);
    return handle({ port, running, removeDir, launch: () => launch(program, dir, { ...options, port }) });
  } catch (error) {
    removeDir();
    throw error;
  }
}

/** Those that we gave to servers which run. */
const ownDirs = new Set<string>();

const remove = (dir: string): void => rmSync(dir, { recursive: true, force: true });

function ownDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'agentcast-redis-'));
  ownDirs.add(dir);
  return dir;
}

// An interrupted run leaves none behind.
process.once('exit', () => ownDirs.forEach(remove));

function handle(start: {
  port: number;
  running: OwnedProcess;
  removeDir(): void;
  launch(): Promise<OwnedProcess>;
}): RedisServer {
  let running = start.running;
  return {
    url: `redis://127.0.0.1:${start.port}`,
    port: start.port,
    get pid() {
      return running.pid;
    },
    stop: async () => {
      await running.end();
      start.removeDir();
    },
    kill: async (signal) => {
      running.signal(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await running.exited;
    },
    restart: async () => {
      await running.end();
      running = await start.launch();
    },
  };
}

/** Between our look for a free port and Redis listening on it, somebody else may take it: then another one serves. */
async function launchOnPort(
  program: string,
  dir: string,
  options: RedisOptions,
): Promise<{ port: number; running: OwnedProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return { port, running: await launch(program, dir, { ...options, port }) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || options.port !== undefined || attempt === ATTEMPTS_ON_A_TAKEN_PORT) throw error;
    }
  }
}

async function launch(
  program: string,
  dir: string,
  { port, args = [] }: { port: number; args?: string[] },
): Promise<OwnedProcess> {
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  const plain = ['--daemonize', 'no', '--save', '', '--appendonly', 'no', '--logfile', ''];
  const running = await startOwned(program, [...place, ...plain, ...args]);
  try {
    await running.line((line) => line.includes('Ready to accept connections'), START_WITHIN_MS);
    return running;
  } catch (error) {
    await running.end();
    throw error;
  }
}
