import { createMask, secretsOf } from '../config/masking.ts';
import type { Environment } from '../config.ts';

/** How an option that does not exist is repeated with its value: `--key=…`. */
const OPTION_VALUE = /(--?[\w-]+=)[^'\s]*/g;

/**
 * A text for standard error without what may be a secret: somebody pasted a key where a name belongs, or gave
 * `--key=…`, which does not exist. The last gate; errors do not mean to repeat secrets in the first place.
 */
export const masked = (text: string, env: Environment): string =>
  createMask(secretsOf(env))(text).replace(OPTION_VALUE, '$1(hidden)');
