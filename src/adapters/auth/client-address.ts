import { BlockList, isIP } from 'node:net';
import { show } from '../../protocol/ids.ts';

/** What a request tells of where it came from; undefined where the header is missing. */
export type AddressSources = {
  /** The peer of the TCP connection. */
  readonly remoteAddress: string | undefined;
  /** `X-Forwarded-For` */
  readonly forwardedFor: string | undefined;
  /** `Fly-Client-IP` */
  readonly flyClientIp: string | undefined;
};

/**
 * Finds the address of the client behind trusted proxies (contract §2, TRUSTED_PROXIES: addresses or CIDR ranges).
 * Gives it in canonical form, IPv4 where it is IPv4 in IPv6 clothes, or `unknown` where the peer has no address.
 *
 * Headers count only when the peer is a trusted proxy. `X-Forwarded-For` is then read from the right, past trusted
 * proxies, since everything to the left of the first stranger is that stranger's own story. `Fly-Client-IP` goes
 * first, so a trusted proxy that is not Fly's must not let a client's own header of that name through.
 *
 * Throws an Error that names the entry of `trustedProxies` that is neither an address nor a range.
 */
export function createClientAddress(options: {
  readonly trustedProxies: readonly string[];
}): (sources: AddressSources) => string {
  const isTrusted = createProxyCheck(options.trustedProxies);
  return ({ remoteAddress, forwardedFor, flyClientIp }) => {
    const peer = plainAddress(remoteAddress);
    if (peer === null) return 'unknown';
    if (!isTrusted(peer)) return peer;
    let address = plainAddress(flyClientIp) ?? peer;
    for (const entry of forwardedFor?.split(',').reverse() ?? []) {
      const next = isTrusted(address) ? plainAddress(withoutPort(entry)) : null;
      if (next === null) break;
      address = next;
    }
    return address;
  };
}

function createProxyCheck(trustedProxies: readonly string[]): (address: string) => boolean {
  // One list per family: Node and Deno do not agree on whether `::/0` holds IPv4 addresses.
  const ipv4 = new BlockList();
  const ipv6 = new BlockList();
  for (const text of trustedProxies) {
    const { address, prefix } = rangeOf(text);
    if (isIP(address) === 4) ipv4.addSubnet(address, prefix, 'ipv4');
    else ipv6.addSubnet(address, prefix, 'ipv6');
  }
  return (address) => (isIP(address) === 4 ? ipv4.check(address, 'ipv4') : ipv6.check(address, 'ipv6'));
}

function rangeOf(text: string): { address: string; prefix: number } {
  const [network = '', length, ...rest] = text.trim().split('/');
  const address = plainAddress(network);
  const bits = isIP(address ?? '') === 4 ? 32 : 128;
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8: the first 96 bits say only that it is IPv4.
  const ignored = isIP(network) === 6 && bits === 32 ? 96 : 0;
  const prefix = length === undefined ? bits : prefixLength(length) - ignored;
  if (address === null || rest.length > 0 || !(prefix >= 0 && prefix <= bits)) {
    throw new Error(
      `trusted proxy: got ${show(text)}, wanted an IP address or a CIDR range such as 10.0.0.0/8`,
    );
  }
  return { address, prefix };
}

function prefixLength(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
}

/** Some proxies write the port too: `198.51.100.7:4711`, `[2001:db8::1]:4711`. */
const withoutPort = (entry: string): string =>
  entry.trim().replace(/^(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/, '$1$2');

/** An address in the one form it is compared, counted and logged in, or null where the text is none. */
function plainAddress(text: string | undefined): string | null {
  // A zone (`fe80::1%eth0`) names an interface of this machine, not a part of the address.
  const address = text?.trim().replace(/%.*$/, '') ?? '';
  const family = isIP(address);
  if (family !== 6) return family === 4 ? address : null;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  return [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 255])
    .join('.');
}
