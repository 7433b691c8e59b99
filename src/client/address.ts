import type { Filters } from '../protocol/filters.ts';
import type { Position } from './stream.ts';

const PATH = '/ws/agents';
const SCHEMES: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/**
 * The address of the endpoint for an option `url`.
 * @throws TypeError where it is none, of another scheme than ws, wss, http and https, or holds a token, which logs would show
 */
export function endpointOf(url: string | URL): URL {
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  const address = parsed(String(url), page);
  const scheme = address === null ? undefined : SCHEMES[address.protocol];
  if (address === null || scheme === undefined)
    throw new TypeError('url: wanted an address such as wss://example.com, or one relative to a page');
  if (address.searchParams.has('token'))
    throw new TypeError('url: got a token in the query, wanted it as the option token or getToken');
  address.protocol = scheme;
  address.hash = '';
  if (address.pathname === '/') address.pathname = PATH;
  return address;
}

/** The address of one attempt: filters and position in the query (contract §3), the token nowhere. */
export function attemptAddress(endpoint: URL, filters: Filters, from: Position | 'latest' | null): string {
  const address = new URL(endpoint);
  for (const [name, values] of Object.entries(filters)) {
    if (values !== null) address.searchParams.set(name, values.join(','));
  }
  if (from === 'latest') address.searchParams.set('last_sequence_id', from);
  else if (from !== null) {
    address.searchParams.set('last_sequence_id', String(from.sequenceId));
    address.searchParams.set('epoch', from.epoch);
  }
  return address.href;
}

/** The same for a plain GET. */
export const plainAddress = (address: string): string => address.replace(/^ws/, 'http');

function parsed(url: string, page: string | undefined): URL | null {
  try {
    return new URL(url, page);
  } catch {
    return null;
  }
}
