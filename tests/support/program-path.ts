import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where distributions put servers, which not every user has on PATH. */
const SERVER_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin'];

/** The path of the first of these programs on PATH, or where distributions put servers; null where there is none. */
export function findProgram(...names: string[]): string | null {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = names.flatMap((name) =>
    [...onPath, ...SERVER_DIRECTORIES].map((directory) => join(directory, name)),
  );
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
