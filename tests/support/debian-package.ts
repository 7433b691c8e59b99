import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('install-packages.sh', import.meta.url));
const LOCK = join(tmpdir(), 'agentcast-install-packages.lock');

/** Whether `installPackages` can do anything here: on Debian and its kin, when root. */
export const canInstallPackages = (): boolean =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version');

/**
 * Installs packages of the distribution, without starting the services that they bring; one test process at a time.
 *
 * @throws where apt-get fails; its output has gone to stderr
 */
export async function installPackages(...names: string[]): Promise<void> {
  const list = names.join(', ');
  say(`installing ${list} with apt-get`);
  const child = spawn('flock', [LOCK, 'sh', SCRIPT, ...names], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stderr, { end: false });
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`installing ${list} ${why}; its output is above`));
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)));
  });
  say(`${list}: installed`);
}

/** The same for what tests can do without: where it cannot be installed, they say so and are skipped. */
export async function installWherePossible(...names: string[]): Promise<void> {
  if (!canInstallPackages()) return;
  await installPackages(...names).catch((error: unknown) => say(String(error)));
}

function say(what: string): void {
  process.stderr.write(`[tests] ${what}\n`);
}
