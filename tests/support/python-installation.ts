import { spawnSync } from 'node:child_process';
import { findProgram } from './program-path.ts';

/** What the examples import. */
export type PythonModule = 'requests' | 'websockets';

/** The path of a Python that has a module: the first on PATH, or the distribution's own; null where neither has. */
export function findPython(module: PythonModule): string | null {
  const pythons = [findProgram('python3'), '/usr/bin/python3'];
  return pythons.find((python) => python !== null && canImport(python, module)) ?? null;
}

const canImport = (python: string, module: PythonModule): boolean =>
  spawnSync(python, ['-c', `import ${module}`]).status === 0;

/** Why tests have no such Python. */
export const noPython = (module: PythonModule): string =>
  `no python3 with ${module}, and it could not be installed`;
