import type { Entrant } from './comparisons.ts';
import { BARE } from './comparisons.ts';
import { bytesOfIdle } from './idle.ts';
import { latencies } from './latency.ts';
import { ratio } from './table.ts';

export type Standing = {
  readonly name: string;
  /** What is measured of each server, and how that reads in the table. */
  readonly heads: readonly string[];
  measure(entrant: Omit<Entrant, 'label'>): Promise<readonly number[]>;
  readonly digits: number;
};

/** What is measured of connections that are there, and not of work that is done. */
export const standings = (quick: boolean): Standing[] => [
  {
    name: 'memory of an idle connection',
    heads: ['KB', 'bare KB', 'ratio'],
    measure: async (entrant) => [(await bytesOfIdle(entrant, quick ? 1_000 : 10_000)).resident / 1024],
    digits: 1,
  },
  {
    name: `publish to receive beside ${quick ? '1,000' : '10,000'} idle connections`,
    heads: ['p50 ms', 'bare p50 ms', 'ratio', 'p99 ms', 'bare p99 ms', 'ratio'],
    measure: async (entrant) => {
      const took = await latencies(entrant, { idle: quick ? 1_000 : 10_000, events: quick ? 200 : 1_000 });
      return [0.5, 0.99].map((share) => took[Math.ceil(share * took.length) - 1] ?? 0);
    },
    digits: 1,
  },
];

/** One server after the other; gives the table's rows, the heads first. */
export async function besideBare(
  { name, heads, digits, measure }: Standing,
  entrants: readonly Entrant[],
): Promise<string[][]> {
  const bare = await measure(BARE);
  const rows = [['', ...heads]];
  for (const { label, ...entrant } of entrants) {
    const ours = await measure(entrant);
    const cells = ours.flatMap((value, index) => {
      const other = bare[index] ?? 0;
      return [value.toFixed(digits), other.toFixed(digits), ratio(value, other)];
    });
    rows.push([`${name}: ${label}`, ...cells]);
  }
  return rows;
}
