import { createReadStream, fstatSync, openSync } from 'node:fs';
import { UsageError } from '../exit-status.ts';
import type { Input, Shell } from '../shell.ts';
import type { EventFlags } from './flag-event.ts';
import { EVENT_FLAGS } from './flag-event.ts';

/** Where the events come from. */
export type Source =
  | { readonly kind: 'flags' }
  | { readonly kind: 'file'; readonly input: Input; readonly totalBytes: number | null }
  | { readonly kind: 'standard input'; readonly input: Input };

/** Tells flags, file and standard input apart, and opens the file. Throws a UsageError where it is not clear. */
export function sourceOf(shell: Shell, file: string | null, flags: EventFlags): Source {
  const given = EVENT_FLAGS.filter((flag) => flags[flag] !== undefined).map(dashed);
  if (given.length > 0) {
    if (file === null) return { kind: 'flags' };
    throw new UsageError(
      `got ${given.join(', ')} and a file, wanted one of them: the file's events are whole`,
    );
  }
  if (file !== null && file !== '-') return openedFile(file);
  const input = shell.input();
  if (file === null && input.isTTY) {
    throw new UsageError(
      'got nothing to publish, wanted flags of an event, a file, or - to type events line by line',
    );
  }
  return { kind: 'standard input', input };
}

const dashed = (flag: string): string =>
  `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function openedFile(path: string): Source {
  try {
    const fd = openSync(path, 'r');
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw new Error('it is a folder');
    const input = createReadStream(path, { fd });
    return { kind: 'file', input, totalBytes: stats.isFile() ? stats.size : null };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`could not read ${path}: ${code ?? message}`);
  }
}
