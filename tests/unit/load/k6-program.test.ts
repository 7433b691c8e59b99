import { expect, test } from 'vitest';
import { candidates, isRightVersion } from '../../../load/k6-program.ts';

const cache = '/home/me/.cache/agentcast/k6-v2';

test('k6 is taken from PATH, then from where Go puts it, then from what was built before', () => {
  expect(candidates({ onPath: '/usr/bin/k6', go: { bin: '', path: '/home/me/go' }, cache })).toEqual([
    '/usr/bin/k6',
    '/home/me/go/bin/k6',
    `${cache}/k6`,
  ]);
  expect(candidates({ onPath: null, go: { bin: '/opt/bin', path: '/home/me/go' }, cache })[0]).toBe(
    '/opt/bin/k6',
  );
  expect(candidates({ onPath: null, go: null, cache })).toEqual([`${cache}/k6`]);
});

test('only its second major version is taken', () => {
  expect(isRightVersion('k6 v2.2.0 (go1.26.8, linux/amd64)\n')).toBe(true);
  expect(isRightVersion('k6 v1.8.1 (go1.25.0, linux/amd64)\n')).toBe(false);
  expect(isRightVersion('')).toBe(false);
});
