import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findRedisProgram } from './redis-server.ts';

const WHAT_TO_DO =
  'The tests need a real Redis: set REDIS_URL, or put redis-server (7 or newer) or valkey-server on PATH.';
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/**
 * Sees to it that a Redis program is on PATH: installs the distribution's one on Debian and its kin, when root.
 *
 * @throws one sentence that says what to do, where there is none and it cannot be installed
 */
export async function ensureRedisProgram(): Promise<void> {
  if (findRedisProgram() !== null) return;
  const asRoot = process.getuid?.() === 0;
  if (!asRoot || !existsSync('/etc/debian_version')) throw new Error(WHAT_TO_DO);
  say('no Redis found: installing redis-server with apt-get');
  await withoutStartingServices(async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', 'redis-server');
  });
  if (findRedisProgram() === null) throw new Error(WHAT_TO_DO);
  say('redis-server is installed');
}

/** The package would start a Redis of its own; Debian's policy file is the way to say that none is wanted. */
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
      reject(new Error(`${WHAT_TO_DO} (apt-get ${args.join(' ')} ${why}; its output is above.)`));
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)));
  });
}

function say(what: string): void {
  process.stderr.write(`[tests] ${what}\n`);
}
