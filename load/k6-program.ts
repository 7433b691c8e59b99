import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../src/cli/exit-status.ts';
import { findProgram } from '../tests/support/program-path.ts';

const run = promisify(execFile);

const MODULE = 'go.k6.io/k6/v2';
const VERSION = 'v2.2.0';
/** Of Go, which that version needs. */
const GO = '1.25';

export const HOW_TO_GET_K6 = `k6 ${VERSION} is needed: put it on PATH (https://grafana.com/docs/k6/latest/set-up/install-k6/), or put Go ${GO} or newer there and run \`npm run load -- smoke\`, which builds it once.`;

/** Where k6 may be: first what somebody installed, last what was built here. */
export type Places = {
  readonly onPath: string | null;
  /** Values of `go env GOBIN GOPATH`; null without Go. */
  readonly go: { readonly bin: string; readonly path: string } | null;
  readonly cache: string;
};

/** The paths to try, the best first. */
export function candidates({ onPath, go, cache }: Places): string[] {
  const gone = go === null ? [] : [go.bin || join(go.path, 'bin')];
  const fromGo = gone.map((folder) => join(folder, 'k6'));
  return [...(onPath === null ? [] : [onPath]), ...fromGo, join(cache, 'k6')];
}

/** Whether that is what `k6 version` says of the same major version. */
export const isRightVersion = (text: string): boolean => /^k6(?:\.exe)? v2\./.test(text);

/** The path of a k6 that is there and of the right version; null where there is none. Installs nothing. */
export async function findK6(): Promise<string | null> {
  for (const path of candidates(await places())) if (existsSync(path) && (await isRight(path))) return path;
  return null;
}

/** The same; where there is none it is built with Go, which takes minutes. Throws a Failure that says how to get it. */
export async function provideK6(say: (text: string) => void): Promise<string> {
  const found = await findK6();
  if (found !== null) return found;
  const { go, cache } = await places();
  if (go === null) throw new Failure(HOW_TO_GET_K6);
  say(`building k6 ${VERSION} with Go, once; this takes some minutes`);
  try {
    await build(cache);
  } catch (error) {
    throw new Failure(
      `${HOW_TO_GET_K6}\nBuilding it did not work: ${error instanceof Error ? error.message : error}`,
    );
  }
  return join(cache, 'k6');
}

async function places(): Promise<Places> {
  const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return {
    onPath: findProgram('k6'),
    go: await goFolders(),
    cache: join(cacheHome, 'agentcast', `k6-${VERSION}`),
  };
}

async function goFolders(): Promise<Places['go']> {
  const program = findProgram('go');
  if (program === null) return null;
  const { stdout } = await run(program, ['env', 'GOBIN', 'GOPATH']);
  const [bin = '', path = ''] = stdout.split('\n');
  return { bin, path };
}

async function isRight(path: string): Promise<boolean> {
  const { stdout } = await run(path, ['version']).catch(() => ({ stdout: '' }));
  return isRightVersion(stdout);
}

/** In a module of its own: `go install` at a version also asks what the newest is, which not every module proxy knows. */
async function build(cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, 'go.mod'), `module load\n\ngo ${GO}.0\n\nrequire ${MODULE} ${VERSION}\n`);
  await run('go', ['build', '-mod=mod', '-o', 'k6', MODULE], { cwd: cache, maxBuffer: 64 * 1024 * 1024 });
}
