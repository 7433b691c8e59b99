import fc from 'fast-check';
import type { Parser } from './parser.ts';
import { addresses } from './parsers/addresses.ts';
import { configs } from './parsers/configs.ts';
import { frames } from './parsers/frames.ts';
import { heads } from './parsers/heads.ts';
import { batches, publishes } from './parsers/publishes.ts';
import { queries } from './parsers/queries.ts';
import { records } from './parsers/records.ts';
import { signatures } from './parsers/signatures.ts';
import { tokens } from './parsers/tokens.ts';

const SAMPLES = 200;

/** Everything that reads what others wrote; to the words that each knows come JSON values and texts of this seed. */
export function parsersOf(seed: number): readonly Parser[] {
  const values = fc.sample(fc.jsonValue({ maxDepth: 3 }), { seed, numRuns: SAMPLES });
  const texts = fc.sample(fc.string(), { seed, numRuns: SAMPLES });
  const sampled = [...values.map((value) => JSON.stringify(value)), ...texts];
  const all = [frames, queries, publishes, batches, configs, tokens, signatures, addresses, heads, records];
  return all.map(({ corpus, ...parser }) => {
    // The own words more often: most of the others mean nothing to it.
    const own = Array.from({ length: Math.ceil(SAMPLES / corpus.words.length) }, () => corpus.words).flat();
    return { ...parser, corpus: { ...corpus, words: [...own, ...sampled] } };
  });
}
