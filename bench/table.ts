import type { Result } from './measure.ts';

/** What one server did, beside the bare one under the same load. */
export type Row = { readonly what: string; readonly measured: Result; readonly bare: Result };

const HEADS = [
  '',
  'per s',
  'bare per s',
  'ratio',
  'busy',
  'per CPU s',
  'bare per CPU s',
  'ratio',
  'Redis µs',
];

/** Rows in columns: absolute numbers, and each divided by the bare server's. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ what, measured, bare }) => [
    what,
    whole(measured.perSecond),
    whole(bare.perSecond),
    ratio(measured.perSecond, bare.perSecond),
    `${percent(measured.busy)} ${percent(bare.busy)}`,
    whole(measured.perCpuSecond),
    whole(bare.perCpuSecond),
    ratio(measured.perCpuSecond, bare.perCpuSecond),
    measured.redisSeconds === 0 ? '' : (measured.redisSeconds * 1e6).toPrecision(2),
  ]);
  return inColumns([HEADS, ...cells]);
}

/** Rows of cells, the first of them the heads. */
export function inColumns(all: readonly (readonly string[])[]): string {
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .join('\n');
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

const whole = (value: number): string => Math.round(value).toLocaleString('en');

export const ratio = (value: number, bare: number): string => (value / bare).toPrecision(2);

const percent = (share: number): string => `${Math.round(share * 100)}%`;
