import { randomBytes } from 'node:crypto';
import type { Random } from '../../core/ports/random.ts';

const ID_BYTES = 12;

/** Chance that cannot be guessed; the same on both runtimes. */
export const systemRandom: Random = {
  // Hexadecimal, because an id may not begin with what a shell or a Redis client would read as an option.
  id: () => randomBytes(ID_BYTES).toString('hex'),
  fraction: () => Math.random(),
};
