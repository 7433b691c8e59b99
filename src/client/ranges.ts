/** Sequence ids from one to another, both included. */
export type Range = { readonly from: number; readonly to: number };

/** What lies in a range and in one of several. */
export const within = (range: Range, ranges: readonly Range[]): Range[] =>
  ranges
    .map(({ from, to }) => ({ from: Math.max(from, range.from), to: Math.min(to, range.to) }))
    .filter(({ from, to }) => from <= to);

/** What is left of several ranges without what lies in another. */
export const without = (ranges: readonly Range[], taken: Range): Range[] =>
  ranges
    .flatMap(({ from, to }) => [
      { from, to: Math.min(to, taken.from - 1) },
      { from: Math.max(from, taken.to + 1), to },
    ])
    .filter(({ from, to }) => from <= to);
