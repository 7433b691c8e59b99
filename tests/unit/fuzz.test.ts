import { describe, expect, test } from 'vitest';
import { parsersOf } from '../fuzz/parsers.ts';
import { failureText, fuzz } from '../fuzz/run.ts';
import { seedOfRun } from '../support/random.ts';

/** A slice of what `npm run fuzz` does: other inputs at every run, and the seed is told where one fails. */
const INPUTS = 2_000;
const seed = seedOfRun();

describe(`parsers, of inputs by seed ${seed}`, () => {
  test.each(parsersOf(seed))('$name', async (parser) => {
    const report = await fuzz(parser, { seed, from: 0, inputs: INPUTS });
    expect(report.failure && failureText(parser.name, seed, report.failure)).toBeNull();
    // Where nothing is accepted, nothing of what is behind the first look was tried.
    expect(report.accepted).toBeGreaterThan(INPUTS / 200);
    expect(report.accepted).toBeLessThan(INPUTS);
  });
});

test('a parser that fails is shown with its input, which comes again', async () => {
  const parser = {
    name: 'brittle',
    corpus: { texts: ['abc'], words: ['!'] },
    check: (input: string) => {
      if (input.includes('!')) throw new Error('broken');
      return 'accepted' as const;
    },
  };
  const { failure } = await fuzz(parser, { seed: 1, from: 0, inputs: 1_000 });
  const { number = -1, input = '' } = failure ?? {};
  expect(input).toContain('!');
  const again = await fuzz(parser, { seed: 1, from: number, inputs: 1 });
  expect(again.failure).toEqual({ number, input, error: new Error('broken') });
  expect(failure && failureText('brittle', 1, failure)).toContain(
    `npm run fuzz -- brittle --seed 1 --from ${number} --inputs 1`,
  );
});
