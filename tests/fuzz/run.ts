import { mutant } from './mutation.ts';
import type { Parser } from './parser.ts';

export type Range = {
  readonly seed: number;
  /** The number of the first input, and how many there are. */
  readonly from: number;
  readonly inputs: number;
};

export type Report = {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly milliseconds: number;
  readonly slowestMs: number;
  readonly failure: Failure | null;
};

export type Failure = { readonly number: number; readonly input: string; readonly error: unknown };

/** An input that keeps a parser for so long would keep every client waiting, in ms. */
const HANG_MS = 10_000;
/** How many inputs lie between two words of progress. */
const PROGRESS_INPUTS = 1_000;

/** Gives a parser its inputs, until one fails; `progress` is told now and then how many are done. */
export async function fuzz(
  { name, corpus, check }: Parser,
  { seed, from, inputs }: Range,
  progress: (done: number) => void = () => {},
): Promise<Report> {
  const startedAt = performance.now();
  let accepted = 0;
  let slowestMs = 0;
  const report = (done: number, failure: Failure | null): Report => {
    const milliseconds = performance.now() - startedAt;
    return { name, inputs: done, accepted, milliseconds, slowestMs, failure };
  };
  for (let number = from; number < from + inputs; number++) {
    const input = mutant(corpus, seed, number);
    const begin = performance.now();
    try {
      const verdict = check(input);
      if ((typeof verdict === 'string' ? verdict : await verdict) === 'accepted') accepted++;
    } catch (error) {
      return report(number - from + 1, { number, input, error });
    }
    const took = performance.now() - begin;
    slowestMs = Math.max(slowestMs, took);
    if (took > HANG_MS) {
      const error = new Error(`took ${Math.round(took)} ms`);
      return report(number - from + 1, { number, input, error });
    }
    if ((number - from) % PROGRESS_INPUTS === PROGRESS_INPUTS - 1) progress(number - from + 1);
  }
  return report(inputs, null);
}

/** The same with several inputs under way at a time, for parsers that mostly wait. */
export async function fuzzInLanes(
  parser: Parser,
  { seed, from, inputs }: Range,
  lanes: number,
): Promise<Report> {
  const size = Math.ceil(inputs / lanes);
  const starts = Array.from({ length: lanes }, (_, lane) => lane * size).filter((start) => start < inputs);
  const reports = await Promise.all(
    starts.map((start) => fuzz(parser, { seed, from: from + start, inputs: Math.min(size, inputs - start) })),
  );
  const sum = (count: (report: Report) => number): number =>
    reports.reduce((all, one) => all + count(one), 0);
  return {
    name: parser.name,
    inputs: sum((one) => one.inputs),
    accepted: sum((one) => one.accepted),
    milliseconds: Math.max(...reports.map((one) => one.milliseconds)),
    slowestMs: Math.max(...reports.map((one) => one.slowestMs)),
    failure: reports.find((one) => one.failure !== null)?.failure ?? null,
  };
}

/** A failure as one reads it, and how to see it again. */
export function failureText(name: string, seed: number, { number, input, error }: Failure): string {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const again = `npm run fuzz -- ${name} --seed ${seed} --from ${number} --inputs 1`;
  return `${name} failed at input ${number}: ${reason}\ninput: ${JSON.stringify(input)}\nagain: ${again}`;
}
