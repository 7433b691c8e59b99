import { showUrl } from '../config/faults.ts';
import type { Environment } from '../config.ts';
import { UsageError } from './exit-status.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

export const URL_OPTION = '--url <url>';
export const URL_MEANING = `address of the server (default: AGENTCAST_URL, or ${DEFAULT_URL})`;

/** `http(s)://host[:port]`, as given, by AGENTCAST_URL, or this machine's. Throws a UsageError. */
export function serverUrl(env: Environment, given: string | undefined): string {
  const source = given === undefined ? 'AGENTCAST_URL' : '--url';
  const text = (given ?? env.AGENTCAST_URL ?? '').trim() || DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isAddress =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    url.pathname === '/';
  if (!isAddress) {
    throw new UsageError(
      `${source}: got ${showUrl(text)}, wanted http://host[:port] or https://host[:port], without path or credentials`,
    );
  }
  return url.origin;
}

/** The same server for WebSockets. */
export const socketUrl = (url: string): string => url.replace(/^http/, 'ws');
