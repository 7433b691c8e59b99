import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Whether `installPackage` can do anything here: on Debian and its kin, when root. */
export const canInstallPackages = (): boolean =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version');

/**
 * Installs a package of the distribution, without starting the service that it brings.
 *
 * @throws where apt-get fails; its output has gone to stderr
 */
export async function installPackage(name: string): Promise<void> {
  say(`installing ${name} with apt-get`);
  await withoutStartingServices(async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', name);
  });
  say(`${name} is installed`);
}

/** The package would start a service of its own; Debian's policy file is the way to say that none is wanted. */
async function withoutStartingServices(install: () => Promise<void>): Promise<void> {
  const ours = !existsSync(SERVICE_POLICY);
  if (ours) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await install();
  } finally {
    if (ours) rmSync(SERVICE_POLICY, { force: true });
  }
}

function aptGet(...args: string[]): Promise<void> {
  const waitForOthers = ['-o', 'DPkg::Lock::Timeout=120'];
  const child = spawn('apt-get', ['-q', ...waitForOthers, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stderr, { end: false });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`apt-get ${args.join(' ')} ${why}; its output is above`));
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)));
  });
}

function say(what: string): void {
  process.stderr.write(`[tests] ${what}\n`);
}
