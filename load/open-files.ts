import { execFileSync } from 'node:child_process';
import { Failure } from '../src/cli/exit-status.ts';
import type { Size } from './size.ts';

/** Beside sockets: a program's own files, requests under way. */
const OTHERS = 500;

/** Throws a Failure where a process may not have as many open files as k6 and one instance need for their sockets. */
export function checkOpenFiles(size: Size, limit = openFilesOfAProcess()): void {
  const wanted = size.connections + size.slowReaders + OTHERS;
  if (limit < wanted) {
    throw new Failure(
      `ulimit -n: got ${limit}, wanted ${wanted} or more for ${size.connections} sockets: raise it (\`ulimit -Hn\`, limits.conf), or use --connections`,
    );
  }
}

/** What our children inherit: Node raises its own limit to the highest that it may have. */
function openFilesOfAProcess(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}
