import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../socket.io', import.meta.url));

const npm = (...args: string[]) => spawnSync('npm', [...args, '--prefix', FOLDER], { encoding: 'utf8' });

/**
 * Installs the peer by its lock file, unless what stands in its folder is what that says.
 *
 * @throws with what npm says, where it cannot
 */
export function installPeer(): void {
  if (npm('ls').status === 0) return;
  console.error('installing the peer: npm ci --prefix bench/socket.io');
  const { status, stderr } = npm('ci', '--no-audit', '--no-fund');
  if (status !== 0) throw new Error(`the peer cannot be installed: ${stderr}`);
}
