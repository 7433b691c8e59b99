import type { Result } from './measure.ts';

/** What one contestant did, beside the bare one of the same comparison (null for the bare one itself). */
export type Row = { readonly what: string; readonly ours: Result; readonly bare: Result };

const HEADS = [
  'a second of time:',
  'agentcast',
  'bare',
  'ratio',
  'busy',
  'a second of CPU:',
  'bare',
  'ratio',
];

/** Rows in columns: absolute numbers, and ours divided by the bare one's. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ what, ours, bare }) => [
    what,
    whole(ours.perSecond),
    whole(bare.perSecond),
    ratio(ours.perSecond, bare.perSecond),
    `${percent(ours.busy)} ${percent(bare.busy)}`,
    whole(ours.perCpuSecond),
    whole(bare.perCpuSecond),
    ratio(ours.perCpuSecond, bare.perCpuSecond),
  ]);
  const all = [HEADS, ...cells];
  const widths = HEADS.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .join('\n');
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

const whole = (value: number): string => Math.round(value).toLocaleString('en');

const ratio = (ours: number, bare: number): string => (ours / bare).toFixed(2);

const percent = (share: number): string => `${Math.round(share * 100)}%`;
