import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { findProgram } from './program-path.ts';

/** The path of Prometheus's own checker; null where there is none. */
export const findPromtool = (): string | null => findProgram('promtool');

/** Why tests have no promtool; null where there is one. */
export const noPromtool: string | null =
  findPromtool() === null ? 'promtool is not on PATH, and prometheus could not be installed' : null;

export type Verdict = { readonly status: number | null; readonly output: string };

/** Has promtool check something; `input` is what it reads from standard input. */
export async function promtool(args: readonly string[], input = ''): Promise<Verdict> {
  const child = spawn(findPromtool() ?? 'promtool', args, { stdio: 'pipe' });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, output: out + err };
}
