import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressSources, createClientAddress } from '../../src/adapters/auth/client-address.ts';

const PROXIES = ['10.0.0.0/8', '192.168.1.1', 'fd00::/8', '2001:db8::7'];

function addressOf(sources: Partial<AddressSources>, trustedProxies: readonly string[] = PROXIES): string {
  const none = { remoteAddress: undefined, forwardedFor: undefined, flyClientIp: undefined };
  return createClientAddress({ trustedProxies })({ ...none, ...sources });
}

const isTrusted = (range: string, address: string) =>
  addressOf({ remoteAddress: address, forwardedFor: '203.0.113.99' }, [range]) === '203.0.113.99';

describe('a peer that is no trusted proxy', () => {
  it('is the client, whatever its headers say', () => {
    const headers = { forwardedFor: '198.51.100.7', flyClientIp: '198.51.100.8' };
    expect(addressOf({ remoteAddress: '203.0.113.5', ...headers })).toBe('203.0.113.5');
    expect(addressOf({ remoteAddress: '127.0.0.1', ...headers }, [])).toBe('127.0.0.1');
  });

  it('has one form per address', () => {
    const forms = ['::ffff:203.0.113.5', '::FFFF:cb00:7105', '0:0:0:0:0:ffff:203.0.113.5', '203.0.113.5'];
    expect(new Set(forms.map((remoteAddress) => addressOf({ remoteAddress })))).toEqual(
      new Set(['203.0.113.5']),
    );
    expect(addressOf({ remoteAddress: '2001:0DB8:0:0::0001' })).toBe('2001:db8::1');
    expect(addressOf({ remoteAddress: 'fe80::1%eth0' })).toBe('fe80::1');
    expect(addressOf({ remoteAddress: '::ffff:0.0.0.0' })).toBe('0.0.0.0');
  });

  it('may have no address', () => {
    for (const remoteAddress of [undefined, '', '/run/app.sock', 'localhost', '1.2.3.4:80', '01.2.3.4']) {
      expect(addressOf({ remoteAddress, forwardedFor: '198.51.100.7' })).toBe('unknown');
    }
  });
});

describe('X-Forwarded-For behind a trusted proxy', () => {
  it.each([
    ['one client', '198.51.100.7', '198.51.100.7'],
    ['an address the client made up stands to the left', '6.6.6.6, 198.51.100.7', '198.51.100.7'],
    ['trusted proxies are walked past', '6.6.6.6, 198.51.100.7, 10.9.9.9, 192.168.1.1', '198.51.100.7'],
    [
      'a trusted address that a stranger made up stays behind the stranger',
      '10.1.1.1, 198.51.100.7',
      '198.51.100.7',
    ],
    ['all are trusted: the farthest', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no spaces, more spaces', ' 198.51.100.7 ,10.0.0.2', '198.51.100.7'],
    ['IPv4 in IPv6', '::ffff:198.51.100.7, ::ffff:10.0.0.2', '198.51.100.7'],
    ['IPv6', '2001:DB8:0::1, fd00::3', '2001:db8::1'],
    ['empty', '', '10.0.0.1'],
    ['malformed: the nearest known', 'unknown', '10.0.0.1'],
    ['malformed in the middle stops the walk', '198.51.100.7, nonsense, 10.0.0.2', '10.0.0.2'],
    ['an empty entry stops the walk', '198.51.100.7,, 10.0.0.2', '10.0.0.2'],
    ['a zone that is no address', '198.51.100.7, %, 10.0.0.2', '10.0.0.2'],
    ['a port behind the address', '6.6.6.6:80, 198.51.100.7:4711, 10.9.9.9:80', '198.51.100.7'],
    ['brackets, with and without a port', '[2001:db8::1]:4711, [fd00::3]', '2001:db8::1'],
    ['a port that is none', '198.51.100.7:, 10.0.0.2', '10.0.0.2'],
    ['brackets around a name', '[client]:80, 10.0.0.2', '10.0.0.2'],
    ['a range is no address', '198.51.100.0/24', '10.0.0.1'],
  ])('%s', (_name, forwardedFor, wanted) => {
    expect(addressOf({ remoteAddress: '10.0.0.1', forwardedFor })).toBe(wanted);
    expect(addressOf({ remoteAddress: '::ffff:10.0.0.1', forwardedFor })).toBe(wanted);
  });

  it('nothing that a client writes changes what its proxy saw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.ipV4(), (written, seen) => {
        const untold = addressOf({ remoteAddress: '192.0.2.1', forwardedFor: seen }, ['192.0.2.1']);
        const told = addressOf({ remoteAddress: '192.0.2.1', forwardedFor: `${written}, ${seen}` }, [
          '192.0.2.1',
        ]);
        expect([told, untold]).toEqual([seen, seen]);
      }),
    );
  });
});

describe('Fly-Client-IP behind a trusted proxy', () => {
  const remoteAddress = '10.0.0.1';

  it('goes before X-Forwarded-For', () => {
    expect(addressOf({ remoteAddress, flyClientIp: '203.0.113.9', forwardedFor: '198.51.100.7' })).toBe(
      '203.0.113.9',
    );
    expect(addressOf({ remoteAddress, flyClientIp: '::ffff:203.0.113.9' })).toBe('203.0.113.9');
  });

  it('is passed over where it is malformed', () => {
    for (const flyClientIp of ['', 'unknown', '203.0.113.9, 1.2.3.4']) {
      expect(addressOf({ remoteAddress, flyClientIp, forwardedFor: '198.51.100.7' })).toBe('198.51.100.7');
    }
  });

  it('that is itself a trusted proxy, in front of Fly, leads on to X-Forwarded-For', () => {
    const sources = { remoteAddress, flyClientIp: '192.168.1.1', forwardedFor: '198.51.100.7, 192.168.1.1' };
    expect(addressOf(sources)).toBe('198.51.100.7');
    expect(addressOf({ ...sources, forwardedFor: undefined })).toBe('192.168.1.1');
  });
});

describe('trusted proxies', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['10.1.2.3/8', '10.200.0.1', '9.255.255.255'],
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1/32', '192.0.2.1', '192.0.2.0'],
    ['0.0.0.0/0', '203.0.113.5', '2001:db8::1'],
    ['::/0', '2001:db8::1', '203.0.113.5'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::'],
    ['2001:DB8:0::7', '2001:db8::7', '2001:db8::8'],
    ['::ffff:10.0.0.0/104', '10.200.0.1', '11.0.0.0'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    [' 10.0.0.0/8 ', '10.0.0.1', '::1'],
  ])('%s holds %s and not %s', (range, inside, outside) => {
    expect([isTrusted(range, inside), isTrusted(range, outside)]).toEqual([true, false]);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/0x8',
    '10.0.0.0/8.5',
    '10.0.0/8',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    '*',
  ])('%j is refused', (range) => {
    expect(() => createClientAddress({ trustedProxies: ['10.0.0.0/8', range] })).toThrow(
      `trusted proxy: got ${JSON.stringify(range)}, wanted an IP address or a CIDR range`,
    );
  });
});
