import { readFileSync } from 'node:fs';
import { UsageError } from './exit-status.ts';

/** What a file holds, without the line feed at its end. Throws a UsageError that names the option and the file. */
export function secretFile(option: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: could not read ${path}: ${code ?? message}`);
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret.trim() === '') throw new UsageError(`${option}: ${path} is empty, wanted a secret in it`);
  return secret;
}
