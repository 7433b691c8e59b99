import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('install-package.sh', import.meta.url));
const LOCK = join(tmpdir(), 'agentcast-install-package.lock');

/** Whether `installPackage` can do anything here: on Debian and its kin, when root. */
export const canInstallPackages = (): boolean =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version');

/**
 * Installs a package of the distribution, without starting the service that it brings; one at a time, whichever test
 * process asks.
 *
 * @throws where apt-get fails; its output has gone to stderr
 */
export async function installPackage(name: string): Promise<void> {
  say(`installing ${name} with apt-get`);
  const child = spawn('flock', [LOCK, 'sh', SCRIPT, name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stderr, { end: false });
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`installing ${name} ${why}; its output is above`));
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)));
  });
  say(`${name} is installed`);
}

/** The same for what tests can do without: where it cannot be installed, they say so and are skipped. */
export async function installWherePossible(name: string): Promise<void> {
  if (!canInstallPackages()) return;
  await installPackage(name).catch((error: unknown) => say(String(error)));
}

function say(what: string): void {
  process.stderr.write(`[tests] ${what}\n`);
}
