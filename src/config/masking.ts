/** Variables that hold secrets, as texts, or as parts of lists and addresses. */
const SECRET_VARIABLES = ['AGENTCAST_SERVICE_KEY', 'AGENTCAST_TOKEN', 'JWT_SECRET', 'INTERNAL_SERVICE_KEYS'];
const ADDRESS_VARIABLES = ['REDIS_URL', 'JWKS_URL'];
/** Shorter texts stand in sentences by chance, and are no secrets. */
const SHORTEST_SECRET = 8;
const HIDDEN = '(hidden)';
/** What stands before the key itself. */
const SERVICE_KEY_START = /^(?:[^:]*:)?whsec_/;

const isLongEnough = (secret: string): boolean => secret.length >= SHORTEST_SECRET;

/** What a secret looks like, whosever it is: a service key, a token, a signature (`v1,` and base64). */
const PATTERNS = [/whsec_[\w%+/=-]{4,}/, /\beyJ[\w-]*\.[\w-]*\.[\w-]*/, /\bv1,[\w%+/=-]{20,}/];

/**
 * Hides in a text what may be a secret: those given, as they are, percent-encoded, or escaped in JSON; and whatever looks
 * like one. The last gate: errors and log lines do not mean to repeat secrets in the first place.
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const bare = secrets.map((secret) => secret.replace(SERVICE_KEY_START, ''));
  const forms = [...secrets, ...bare.filter(isLongEnough)].flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]);
  // The longest first, so that none is hidden only as far as another goes.
  const known = [...new Set(forms)].sort((one, other) => other.length - one.length).map(escapedForPattern);
  const secret = new RegExp([...known, ...PATTERNS.map(({ source }) => source)].join('|'), 'g');
  return (text) => text.replace(secret, HIDDEN);
}

/** The secrets that an environment holds, as far as they are long enough to be told from other words. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const lists = SECRET_VARIABLES.map((variable) => env[variable] ?? '');
  const entries = lists.flatMap((list) => [list, ...list.split(',')]).map((entry) => entry.trim());
  const addresses = ADDRESS_VARIABLES.flatMap((variable) => (env[variable] ?? '').split(','));
  return [
    ...entries,
    ...entries.map((entry) => entry.slice(entry.indexOf(':') + 1).trim()),
    ...addresses.flatMap((address) => secretsInAddress(address.trim())),
  ].filter(isLongEnough);
}

/** What an address says beyond where it is, its user's name excepted, which is a word like others. */
function secretsInAddress(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password, searchParams } = new URL(address);
  const parts = [password, ...searchParams.values()];
  return [...parts, ...parts.map(decoded)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const escapedForPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
