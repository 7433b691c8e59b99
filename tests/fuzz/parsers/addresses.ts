import { isIP } from 'node:net';
import { createClientAddress } from '../../../src/adapters/auth/client-address.ts';
import { networkOf } from '../../../src/core/client-network.ts';
import { always, type Parser } from '../parser.ts';

const TRUSTED = ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8', '::1'];
const addressOf = createClientAddress({ trustedProxies: TRUSTED });
const addressAlone = createClientAddress({ trustedProxies: [] });

/** Peer, X-Forwarded-For and Fly-Client-IP, a line each; a line that is not there is a header that is not. */
export const addresses: Parser = {
  name: 'addresses',
  corpus: {
    texts: [
      '127.0.0.1\n198.51.100.7, 10.0.0.2',
      '::ffff:127.0.0.1\n6.6.6.6, 198.51.100.7:4711, 10.9.9.9',
      '::1\n[2001:db8::1]:443, fd00::3\n203.0.113.9',
      '10.0.0.1\n\n2001:db8::2',
      '203.0.113.5\n198.51.100.7',
    ],
    words: [
      ', ',
      ',',
      '::',
      ':',
      '%eth0',
      '::ffff:',
      '64:ff9b::',
      '[',
      ']:80',
      '127.0.0.1',
      'fd00::1',
      '256',
      '\n',
      '0x7f.1',
    ],
  },
  check(input) {
    const [remoteAddress, forwardedFor, flyClientIp] = input.split('\n');
    const address = addressOf({ remoteAddress, forwardedFor, flyClientIp });
    if (address === 'unknown') return 'refused';
    always(isIP(address) !== 0, 'an address is one');
    const again = addressAlone({ remoteAddress: address, forwardedFor: undefined, flyClientIp: undefined });
    always(again === address, 'an address has one form');
    const network = networkOf(address);
    always(network === address || isIP(network.replace('/64', '')) === 6, 'a network is one');
    return 'accepted';
  },
};
