import type { Corpus } from './mutation.ts';

/** What became of one input. */
export type Verdict = 'accepted' | 'refused';

/** A parser under test. */
export type Parser = {
  readonly name: string;
  readonly corpus: Corpus;
  /** Gives the input to the parser. Throws where the parser did, or where what it gave is not what it promises. */
  check(input: string): Verdict | Promise<Verdict>;
};

/** Longest text that tells what is wrong with an input, however long the input is, in characters. */
const LONGEST_ANSWER = 8 * 1024;

/** @throws where something does not hold that always should */
export function always(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

/** @throws where a refusal is longer than any input deserves */
export function alwaysShort(refusal: unknown): void {
  always(
    JSON.stringify(refusal).length <= LONGEST_ANSWER,
    `a refusal has at most ${LONGEST_ANSWER} characters`,
  );
}
