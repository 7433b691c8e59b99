import { canInstallPackages, installPackages } from './debian-package.ts';
import { findRedisProgram } from './redis-server.ts';

const WHAT_TO_DO =
  'The tests need a real Redis: set REDIS_URL, or put redis-server (7 or newer) or valkey-server on PATH.';

/**
 * Sees to it that a Redis program is on PATH: installs the distribution's one on Debian and its kin, when root.
 *
 * @throws one sentence that says what to do, where there is none and it cannot be installed
 */
export async function ensureRedisProgram(): Promise<void> {
  if (findRedisProgram() !== null) return;
  if (!canInstallPackages()) throw new Error(WHAT_TO_DO);
  try {
    await installPackages('redis-server');
  } catch (error) {
    throw new Error(WHAT_TO_DO, { cause: error });
  }
  if (findRedisProgram() === null) throw new Error(WHAT_TO_DO);
}
