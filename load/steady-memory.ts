import type { Accompaniment } from './scenarios.ts';
import type { Look } from './watch.ts';

/** Of the last quarter over the second: in the first, everything is still getting warm. */
const MOST_GROWTH = 1.1;

/** Judges the resident memory of the servers by the looks of the whole run. */
export const memoryStaysFlat: Accompaniment =
  async ({ watch, size }) =>
  async () => {
    const held = watch.looks.filter(({ liveSockets }) => liveSockets > size.connections / 2);
    const growth = growthOf(held.map(({ server }: Look) => server.residentBytes));
    return [
      {
        promise: `server memory, last quarter over second ≤ ${MOST_GROWTH}`,
        measured: growth === null ? 'not measured' : growth.toFixed(2),
        ok: growth !== null && growth <= MOST_GROWTH,
      },
    ];
  };

/** The median of the last quarter divided by that of the second; null where there are too few, or none is known. */
export function growthOf(samples: readonly number[]): number | null {
  const quarter = Math.floor(samples.length / 4);
  const early = median(samples.slice(quarter, 2 * quarter));
  const late = median(samples.slice(-quarter));
  return quarter === 0 || !early || late === undefined ? null : late / early;
}

const median = (values: readonly number[]): number | undefined =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
