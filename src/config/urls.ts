/** `redis://` or `rediss://` with a host, an optional database number, and credentials that can be decoded. */
export function isRedisUrl(text: string): boolean {
  const url = parseUrl(text);
  if (url === null || !/^rediss?:$/.test(url.protocol)) return false;
  const hasPlainPath = /^(\/\d{0,9})?$/.test(url.pathname);
  return url.hostname !== '' && hasPlainPath && url.hash === '' && isDecodable(url.username + url.password);
}

/** `http://` or `https://`; without credentials, because `fetch` refuses a URL that carries them. */
export function isKeySetUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

// The host's characters stop at `*`: a pattern would be compared as text and never match.
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(\[[\da-f:.]+\]|[^\s/\\?#@:*[\]]+)(:\d{1,5})?$/i;

/**
 * An origin the way a browser serialises it (RFC 6454 §6.2): lower case, without the scheme's default port.
 * Null for what is no `scheme://host[:port]`.
 */
export function toOrigin(text: string): string | null {
  const url = ORIGIN.test(text) ? parseUrl(text) : null;
  if (url === null) return null;
  // `URL.origin` is "null" for a scheme the standard does not know, such as a browser extension's.
  return url.origin === 'null' ? text.toLowerCase() : url.origin;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
