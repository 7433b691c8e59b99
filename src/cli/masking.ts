import type { Environment } from '../config.ts';

const SECRET_VARIABLES = ['AGENTCAST_SERVICE_KEY', 'AGENTCAST_TOKEN', 'JWT_SECRET', 'INTERNAL_SERVICE_KEYS'];
/** Shorter texts stand in sentences by chance, and are no secrets. */
const SHORTEST_SECRET = 8;
const HIDDEN = '(hidden)';

const SERVICE_KEY = /whsec_[\w+/=-]{4,}/g;
const TOKEN = /\beyJ[\w-]*\.[\w-]*\.[\w-]*/g;
/** How an option that does not exist is repeated with its value: `--key=…`. */
const OPTION_VALUE = /(--?[\w-]+=)[^'\s]*/g;

/**
 * A text for standard error without what may be a secret: somebody pasted a key where a name belongs, or gave
 * `--key=…`, which does not exist. The last gate; errors do not mean to repeat secrets in the first place.
 */
export function masked(text: string, env: Environment): string {
  const known = SECRET_VARIABLES.flatMap((variable) => (env[variable] ?? '').split(','))
    .flatMap((entry) => [entry.trim(), entry.slice(entry.indexOf(':') + 1).trim()])
    .filter((secret) => secret.length >= SHORTEST_SECRET);
  const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  return withoutKnown
    .replace(SERVICE_KEY, HIDDEN)
    .replace(TOKEN, HIDDEN)
    .replace(OPTION_VALUE, `$1${HIDDEN}`);
}
