import { expect, it } from 'vitest';
import { networkOf } from '../../../src/core/client-network.ts';

it.each([
  ['203.0.113.9', '203.0.113.9'],
  ['unknown', 'unknown'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001::5:6:7:8', '2001:0:0:0::/64'],
  ['2001::4:5:6:7:8', '2001:0:0:4::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['::3:4:5:6:7:8', '0:0:3:4::/64'],
  // Behind a translator: the network of all IPv4 clients there are.
  ['64:ff9b::cb00:7109', '64:ff9b::cb00:7109'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
