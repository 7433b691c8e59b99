/** A line of the result: what is promised, what was measured, whether it holds. */
export type PromiseKept = { readonly promise: string; readonly measured: string; readonly ok: boolean };

/** What k6 writes with `--summary-export`: of each metric its values, and of each threshold whether it failed. */
export type Summary = {
  readonly metrics: Readonly<Record<string, Metric>>;
};

type Metric = { readonly thresholds?: Readonly<Record<string, boolean>> } & Readonly<Record<string, unknown>>;

const THRESHOLD = /^([a-z]+(?:\((\d+(?:\.\d+)?)\))?)\s*(==|>=|<=|<|>)\s*([\d.]+)$/;
const SIGNS: Readonly<Record<string, string>> = { '==': '=', '>=': '≥', '<=': '≤' };
const IN_MS = /_ms$/;

/** Every threshold of a run of k6, by name. Throws an Error where the summary is not of the form that k6 writes. */
export function promisesOf({ metrics }: Summary): PromiseKept[] {
  return Object.entries(metrics)
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([name, metric]) =>
      Object.entries(metric.thresholds ?? {})
        .sort(([one], [other]) => one.localeCompare(other))
        .map(([threshold, failed]) => promiseOf({ name, metric }, threshold, failed)),
    );
}

function promiseOf(
  { name, metric }: { name: string; metric: Metric },
  threshold: string,
  failed: boolean,
): PromiseKept {
  const [, value = '', percentile, sign = '', wanted = ''] = THRESHOLD.exec(threshold) ?? [];
  const measured = metric[value];
  if (typeof measured !== 'number') throw new Error(`k6 gave no ${JSON.stringify(threshold)} of ${name}`);
  const unit = IN_MS.test(name) ? ' ms' : '';
  const label = name.replace(IN_MS, '').replaceAll('_', ' ');
  const of = value === 'count' ? '' : ` ${percentile === undefined ? value : `p${percentile}`}`;
  return {
    promise: `${label}${of} ${SIGNS[sign] ?? sign} ${grouped(Number(wanted))}${unit}`,
    measured: `${grouped(measured)}${unit}`,
    ok: !failed,
  };
}

const grouped = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
