import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OwnedProcess, startOwned } from './owned-process.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/agentcast.js', import.meta.url));

/** What a command line did, once it has ended. */
export type Ran = {
  readonly status: number | null;
  /** Standard output, line by line. */
  readonly lines: readonly string[];
  /** Standard output and standard error, in the order of arrival. */
  readonly output: string;
};

/** The real launcher, found on the PATH as npm installs it (a link), in a folder far from the project. */
export class CommandLine {
  readonly folder = mkdtempSync(join(tmpdir(), 'agentcast-cli-'));
  /** Everything that any command wrote. */
  readonly #outputs: (() => string)[] = [];
  /** What every command inherits. */
  readonly env: Record<string, string>;

  constructor(env: Record<string, string>) {
    symlinkSync(LAUNCHER, join(this.folder, 'agentcast'));
    this.env = { PATH: `${this.folder}:${process.env.PATH}`, HOME: this.folder, ...env };
  }

  /** Writes a file into the folder, and gives its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a line of shell; one command in it runs in the place of the shell, so that signals reach it. */
  async start(script: string, env: Record<string, string> = {}): Promise<OwnedProcess> {
    const running = await startOwned('sh', ['-c', script], {
      cwd: this.folder,
      env: { ...this.env, ...env },
    });
    this.#outputs.push(running.output);
    return running;
  }

  /** Runs a line of shell to its end. */
  async run(script: string, env: Record<string, string> = {}): Promise<Ran> {
    const running = await this.start(script, env);
    const { code } = await running.exited;
    return { status: code, lines: running.lines(), output: running.output() };
  }

  allOutput(): string {
    return this.#outputs.map((output) => output()).join('\n');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
