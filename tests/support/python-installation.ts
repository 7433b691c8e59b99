import { spawnSync } from 'node:child_process';
import { findProgram } from './program-path.ts';

/** The path of a Python that has `requests`: the first on PATH, or the distribution's own; null where neither has. */
export const findPython = (): string | null =>
  [findProgram('python3'), '/usr/bin/python3'].find(hasRequests) ?? null;

function hasRequests(python: string | null): boolean {
  return python !== null && spawnSync(python, ['-c', 'import requests']).status === 0;
}
