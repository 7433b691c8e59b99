import { ratio } from '../table.ts';

/** A line of the table. */
export type Row = {
  readonly what: string;
  readonly cells: readonly [ours: string, theirs: string, ratio: string];
};

/** What every round measured of each side. */
export type Rounds<Measured> = { readonly ours: readonly Measured[]; readonly theirs: readonly Measured[] };

export type Reading<Measured> = {
  readonly what: string;
  of(measured: Measured): number;
  readonly better: 'more' | 'less';
  readonly digits?: number;
};

/** Medians of the rounds, and their ratio: above 1, ours is better. */
export function rowOf<Measured>(
  { ours, theirs }: Rounds<Measured>,
  { what, of, better, digits = 0 }: Reading<Measured>,
): Row {
  const [one, other] = [median(ours.map(of)), median(theirs.map(of))];
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return { what, cells: [text(one), text(other), better === 'more' ? ratio(one, other) : ratio(other, one)] };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}
