const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const HEX_GROUP = /^[\da-f]{1,4}$/i;
const PREFIX_LENGTH = /^(0|[1-9]\d{0,2})$/;
const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

export const isIpv4 = (text: string): boolean => IPV4.test(text);

/** An IPv6 address as RFC 4291 §2.2 writes it, without brackets or zone. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  const groups = halves.map((half, at) => countGroups(half, at === halves.length - 1));
  const count = groups.reduce((sum, size) => sum + size, 0);
  if (halves.length === 1) return count === 8;
  return halves.length === 2 && count <= 7;
}

/** How many 16-bit groups stand between colons; NaN, which no sum survives, where one is malformed. */
function countGroups(half: string, isLast: boolean): number {
  if (half === '') return 0;
  const groups = half.split(':');
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = isLast && isIpv4(last);
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  return hex.every((group) => HEX_GROUP.test(group)) ? hex.length + (endsInIpv4 ? 2 : 0) : Number.NaN;
}

/** Bits of `::ffff:0:0/96` (RFC 4291 §2.5.5.2): a range with fewer of them would be neither IPv4 nor IPv6. */
const MAPPED_BITS = 96;

const isMappedIpv4 = (address: string): boolean =>
  isIpv6(address) && /^\[::ffff:[\da-f]+:[\da-f]+]$/.test(new URL(`http://[${address}]`).hostname);

/** One address, or a CIDR range (`10.0.0.0/8`, `fd00::/8`). */
export function isAddressRange(text: string): boolean {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const longest = isIpv4(address) ? 32 : isIpv6(address) ? 128 : null;
  if (longest === null || slash < 0) return longest !== null;
  const length = text.slice(slash + 1);
  const shortest = isMappedIpv4(address) ? MAPPED_BITS : 0;
  return PREFIX_LENGTH.test(length) && Number(length) <= longest && Number(length) >= shortest;
}

/** A name or address to listen on: no scheme, no port, no brackets. */
export function isHost(text: string): boolean {
  const address = text.replace(/%[\w.-]+$/, '');
  if (text.length > 253) return false;
  // `8080` or `1.2.3.999` passes for a name; whoever wrote it meant something else.
  return /^[\d.]+$/.test(text) ? isIpv4(text) : HOST_NAME.test(text) || isIpv6(address);
}
