/** What RFC 6052 §2.1 puts before an IPv4 address that a translator carries through an IPv6 network. */
const TRANSLATED_IPV4 = '64:ff9b::';

/** Of the 128 bits of an IPv6 address, as groups of 16: what a provider gives one customer at least (RFC 6177). */
const NETWORK_GROUPS = 4;

/**
 * What upgrades are counted by: an IPv4 address, or the /64 network of an IPv6 address, since whoever has one address of
 * such a network has all 2^64 of them. An IPv4 client behind a translator counts by itself: its network is that of all.
 * @param address in canonical form, or any other text, which is given back as it is
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith(TRANSLATED_IPV4)) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, behind] = [groupsOf(head), groupsOf(tail)];
  const left = Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => '0');
  return `${[...before, ...left, ...behind].slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
