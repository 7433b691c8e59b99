import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT_ARGUMENTS } from '../tests/support/node-arguments.ts';
import type { Question, Report, Used } from './servers/report.ts';

/** A server under test, in a process of its own. */
export type Contestant = {
  readonly port: number;
  readonly process: ChildProcess;
  /** CPU time that the process has used so far. */
  cpuSeconds(): Promise<number>;
  used(question?: Question): Promise<Used>;
  stop(): Promise<void>;
};

export type ContestantOptions = {
  readonly server: keyof typeof SERVERS;
  readonly env?: Readonly<Record<string, string>>;
  /** The checkout that it is started from; absent: this one. */
  readonly checkout?: string | undefined;
  /** Where to write a CPU profile; absent: none. */
  readonly cpuProfileDir?: string | undefined;
};

const SERVERS = {
  agentcast: 'bench/servers/agentcast.ts',
  bare: 'bench/servers/bare.ts',
  hono: 'bench/servers/hono.ts',
  'socket.io': 'bench/socket.io/server.ts',
};

const HERE = fileURLToPath(new URL('..', import.meta.url));
const STOP_WITHIN_MS = 5_000;

/** Starts a server and waits until it listens; throws an Error where it ends before. */
export async function startContestant(options: ContestantOptions): Promise<Contestant> {
  const { server, env = {}, checkout = HERE, cpuProfileDir } = options;
  const profiling = cpuProfileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProfileDir}`];
  const child = fork(join(checkout, SERVERS[server]), {
    cwd: checkout,
    execArgv: [...TYPESCRIPT_ARGUMENTS, '--expose-gc', ...profiling],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const started = await nextReport(child);
  if (!('port' in started)) throw new Error(`the ${server} server did not say where it listens`);
  const used = async (question: Question = 'used'): Promise<Used> => {
    if (!child.connected) throw new Error(`the ${server} server has ended`);
    // Where it ends meanwhile, that is said by its exit.
    child.send(question, () => {});
    const report = await nextReport(child);
    if (!('cpuSeconds' in report)) throw new Error(`the ${server} server did not say what it used`);
    return report;
  };
  return {
    port: started.port,
    process: child,
    cpuSeconds: async () => (await used()).cpuSeconds,
    used,
    stop: () => stop(child),
  };
}

function nextReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a server ended with status ${code}`));
    child.once('exit', ended);
    child.once('message', (report) => {
      child.off('exit', ended);
      resolve(report as Report);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(impatience);
}
