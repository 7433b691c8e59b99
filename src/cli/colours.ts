import type { Environment } from '../config.ts';
import type { Output } from './shell.ts';

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2 } as const;

export type Colour = keyof typeof CODES;

/** Gives a text a colour, or gives it back as it is. */
export type Paint = (text: string, colour: Colour | null) => string;

const painted: Paint = (text, colour) => (colour === null ? text : `\x1b[${CODES[colour]}m${text}\x1b[0m`);
const plain: Paint = (text) => text;

/**
 * Colours where a terminal shows them: none with NO_COLOR (https://no-color.org), always with FORCE_COLOR (but 0), as
 * other command lines of Node have it.
 */
export function paintFor(output: Output, { NO_COLOR, FORCE_COLOR, TERM }: Environment): Paint {
  if (NO_COLOR) return plain;
  if (FORCE_COLOR) return FORCE_COLOR === '0' ? plain : painted;
  return output.isTTY === true && TERM !== 'dumb' ? painted : plain;
}
