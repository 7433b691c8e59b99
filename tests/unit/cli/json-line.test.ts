import { expect, test } from 'vitest';
import { jsonLine } from '../../../src/cli/json-line.ts';

test('a line of JSON says the same, without what a terminal would obey', () => {
  const value = { message: 'a\x1b[2J\x7f\x85\x9b2J\u2028\u202e\u2066 é 😀', list: [1, null] };
  const line = jsonLine(value);
  expect(line).not.toMatch(/[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  expect(line.slice(0, -1)).not.toMatch(/\p{Cc}/u);
  expect(line).toMatch(/ é 😀.*\n$/);
  expect(JSON.parse(line)).toEqual(value);
});
