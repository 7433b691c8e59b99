/** A histogram that is counted by additions; only a scrape puts it into words. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds upper ends of the buckets, each included, rising; what is above the last is counted too */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  /** Counts a value; nothing below 0 and nothing that is no number, which would spoil the sum for good. */
  add(value: number): void {
    if (!(value >= 0)) return;
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** Its samples in the order of the text format: buckets, each with those below it, then sum and count. */
  samples(metric: string, labels: Labels): Sample[] {
    let count = 0;
    const buckets = this.#counts.map((inBucket, index) => {
      count += inBucket;
      const le = this.#bounds[index] ?? '+Inf';
      return { metricName: `${metric}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${metric}_sum`, labels, value: this.#sum },
      { metricName: `${metric}_count`, labels, value: count },
    ];
  }
}

type Labels = Readonly<Record<string, string>>;
type Sample = {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

export type Part = { readonly labels: Labels; readonly distribution: Distribution };

/** Distributions under labels of their own, as one histogram that a registry can ask. */
export const histogramOf = (name: string, help: string, parts: readonly Part[]) => ({
  name,
  get: async () => ({
    name,
    help,
    type: 'histogram',
    values: parts.flatMap(({ labels, distribution }) => distribution.samples(name, labels)),
  }),
});
