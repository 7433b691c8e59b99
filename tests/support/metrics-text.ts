/** A scrape, read strictly: the value of every series, by its name with its labels as they stand there. */
export type Series = ReadonlyMap<string, number>;

const COMMENT = /^# (?:HELP [a-z_]+ \S.*|TYPE [a-z_]+ (?:counter|gauge|histogram))$/;
const SAMPLE = /^([a-z_]+(?:\{(?:[a-z_]+="[^"\\\n]*",?)+\})?) (\d\S*)$/;

/**
 * Reads the Prometheus text format 0.0.4, as far as it is used here.
 * @throws Error for a line that is not of it, or a series that stands twice
 */
export function parseMetrics(text: string): Series {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || COMMENT.test(line)) continue;
    const [, name = '', value] = SAMPLE.exec(line) ?? [];
    if (name === '' || series.has(name) || !Number.isFinite(Number(value)))
      throw new Error(`got ${JSON.stringify(line)}, wanted a sample that stands once`);
    series.set(name, Number(value));
  }
  return series;
}

/** What the series of a scrape have of one prefix-less name, zeros left out. */
export const countsOf = (series: Series): Record<string, number> =>
  Object.fromEntries(
    [...series]
      .filter(([, value]) => value !== 0)
      .map(([name, value]) => [name.replace('agentcast_', ''), value]),
  );
