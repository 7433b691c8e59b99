import type { Histogram } from 'prom-client';
import { Counter, Gauge, Registry } from 'prom-client';
import { Distribution, histogramOf } from './distribution.ts';
import { Tallies, Tally } from './tallies.ts';

type Settling = { settle(): void };
/** Labels, and every value that each takes. */
type Labels = Readonly<Record<string, readonly string[]>>;

/** Makes metrics in a registry of their own, so that two instances in one process do not mix; all under one prefix. */
export class Catalogue {
  readonly #registry = new Registry();
  readonly #settling: Settling[] = [];

  /** The media type of what `text` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in the Prometheus text format 0.0.4. */
  text(): Promise<string> {
    for (const settling of this.#settling) settling.settle();
    return this.#registry.metrics();
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name: `agentcast_${name}`, help, labelNames, registers: [this.#registry] });
  }

  tally(name: string, help: string): Tally {
    const counter = this.#counter(name, help);
    return this.#settled(new Tally((count) => counter.inc(count)));
  }

  /** @param labels one label */
  tallies(name: string, help: string, labels: Labels): Tallies {
    const [[label, values] = ['', []]] = Object.entries(labels);
    return this.#settled(new Tallies(this.#counter(name, help, [label]), { label, values }));
  }

  /** @param labels two labels; the counts stand by the value of the first */
  grid(name: string, help: string, labels: Labels): Map<string, Tallies> {
    const [[first, rows] = ['', []], [label, values] = ['', []]] = Object.entries(labels);
    const counter = this.#counter(name, help, [first, label]);
    return new Map(
      rows.map((row) => [
        row,
        this.#settled(new Tallies(counter, { label, values, fixed: { [first]: row } })),
      ]),
    );
  }

  distribution(name: string, help: string, bounds: readonly number[]): Distribution {
    const distribution = new Distribution(bounds);
    this.#register(histogramOf(`agentcast_${name}`, help, [{ labels: {}, distribution }]));
    return distribution;
  }

  /** One for each value of a label. */
  distributions<Value extends string>(
    name: string,
    help: string,
    { label, values, bounds }: DistributionsOptions<Value>,
  ): Readonly<Record<Value, Distribution>> {
    const parts = values.map((value) => ({
      labels: { [label]: value },
      distribution: new Distribution(bounds),
    }));
    this.#register(histogramOf(`agentcast_${name}`, help, parts));
    return Object.fromEntries(
      parts.map(({ distribution }, index) => [values[index], distribution]),
    ) as Record<Value, Distribution>;
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name: `agentcast_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #settled<Item extends Settling>(item: Item): Item {
    this.#settling.push(item);
    return item;
  }

  /** The registry takes any metric that has a name and a `get`; its types know only of its own. */
  #register(histogram: ReturnType<typeof histogramOf>): void {
    this.#registry.registerMetric(histogram as unknown as Histogram);
  }
}

type DistributionsOptions<Value extends string> = {
  readonly label: string;
  readonly values: readonly Value[];
  readonly bounds: readonly number[];
};
