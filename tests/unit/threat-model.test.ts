import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parsersOf } from '../fuzz/parsers.ts';

const page = readFileSync(new URL('../../docs/threat-model.md', import.meta.url), 'utf8');
const files = readdirSync(new URL('..', import.meta.url), { recursive: true }).map((path) =>
  String(path).replaceAll('\\', '/'),
);

/** The proofs that the page names: whole files, beginnings of them, and several by a `*`. */
const proofs = new Set(page.match(/(?<=`)(?:unit|conformance|properties|faults|e2e)\/[^`]+(?=`)/g));
const parsers = new Set(
  [...page.matchAll(/fuzz ((?:`\w+`(?:, )?)+)/g)].flatMap(([, names = '']) => names.match(/\w+/g)),
);

test.each([...proofs])('the threat model names a test that there is: %s', (proof) => {
  const [start = '', end = ''] = proof.split('*');
  expect(files.filter((path) => path.startsWith(start) && path.endsWith(end))).not.toEqual([]);
});

test('the threat model names parsers that are fuzzed', () => {
  const names = parsersOf(1).map(({ name }) => name);
  expect(parsers.size).toBeGreaterThan(3);
  for (const parser of parsers) expect(names).toContain(parser);
});
