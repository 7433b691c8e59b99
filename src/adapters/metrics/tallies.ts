import type { Counter } from 'prom-client';

/** Counts by one addition; the counter, whose own way looks up labels, gets what came when it is scraped. */
export class Tally {
  readonly #settle: (count: number) => void;
  #count = 0;

  /** @param settle is given what came since it was last called; 0 too, so that a scrape has every series from the first */
  constructor(settle: (count: number) => void) {
    this.#settle = settle;
  }

  add(count: number): void {
    this.#count += count;
  }

  settle(): void {
    const count = this.#count;
    this.#count = 0;
    this.#settle(count);
  }
}

export type TalliesOptions = {
  readonly label: string;
  /** Every value that the label takes, and no other: what is not among them counts as the last. */
  readonly values: readonly string[];
  /** Labels that stand beside it. */
  readonly fixed?: Readonly<Record<string, string>>;
};

/** The counts of one counter by one label; to count finds the value, and makes nothing. */
export class Tallies {
  readonly #tallies: Map<string, Tally>;
  readonly #last: Tally | undefined;

  constructor(counter: Counter, { label, values, fixed = {} }: TalliesOptions) {
    this.#tallies = new Map(
      values.map((value) => {
        const labels = { ...fixed, [label]: value };
        return [value, new Tally((count) => counter.inc(labels, count))];
      }),
    );
    this.#last = [...this.#tallies.values()].at(-1);
  }

  /** The count of one value, for whoever finds it beforehand. */
  of(value: string): Tally | undefined {
    return this.#tallies.get(value);
  }

  add(value: string, count = 1): void {
    (this.#tallies.get(value) ?? this.#last)?.add(count);
  }

  settle(): void {
    for (const tally of this.#tallies.values()) tally.settle();
  }
}
