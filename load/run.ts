import process from 'node:process';
import type { LoadCommand } from './arguments.ts';
import { startK6 } from './k6-run.ts';
import { Progress, usedText } from './progress.ts';
import type { PromiseKept } from './promise.ts';
import { limitsFor } from './size.ts';
import { Stage } from './stage.ts';
import { Watch } from './watch.ts';

export type Judged = {
  readonly title: string;
  readonly promises: readonly PromiseKept[];
  /** What servers and k6 used at most. */
  readonly used: string;
  readonly complaints: readonly string[];
};

export type RunCommand = Extract<LoadCommand, { kind: 'run' }>;

/** Runs a scenario once, on so many fresh instances; whatever happens, nothing of it is left running. */
export async function runOnce(
  { name, scenario, size, runtime }: RunCommand,
  { instances, program }: { instances: number; program: string },
): Promise<Judged> {
  const title = `${name} (${instances} on ${runtime})`;
  const env = { ...limitsFor(size), ...scenario.env };
  const stage = await Stage.start({ instances, runtime, env });
  const progress = new Progress(process.stderr);
  const over = new AbortController();
  let k6Pid: number | null = null;
  const watch = new Watch({
    servers: () => stage.servers,
    k6Pid: () => k6Pid,
    onLook: (look) => progress.show(title, look),
  });
  try {
    const judge = await scenario.accompany?.({ stage, size, watch, over: over.signal });
    const k6 = await startK6({ program, script: name, urls: stage.urls, size });
    k6Pid = k6.pid;
    const { promises, complaints } = await k6.findings.finally(() => over.abort());
    const own = (await judge?.()) ?? [];
    await watch.stop();
    return { title, promises: [...promises, ...own], used: usedText(watch.looks), complaints };
  } finally {
    over.abort();
    await watch.stop();
    progress.clear();
    await stage.stop();
  }
}
