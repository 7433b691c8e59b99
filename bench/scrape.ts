import { wholeNumber } from '../src/cli/whole-number.ts';
import { FakeSocket } from '../tests/support/fake-socket.ts';
import { aloneInstance, type TestInstance } from '../tests/support/test-instance.ts';
import { runCommand } from './command-line.ts';

const HELP = `npm run bench:scrape [-- --connections 10000]

What one scrape of /metrics costs the event loop of an instance, and how large its text is.
`;

const SCRAPES = 200;

async function crowdedInstance(connections: number): Promise<TestInstance> {
  const instance = aloneInstance({
    maxConnectionsPerInstance: connections,
    maxConnectionsPerUser: 0,
    connectRatePerAddress: 0,
  });
  for (let n = 0; n < connections; n++) {
    const applied = await instance.apply({ user: `u-${n}`, query: 'last_sequence_id=latest' });
    if (applied.kind === 'refused') throw new Error(applied.problem.detail);
    new FakeSocket().open(applied.acceptance.handlers);
  }
  await instance.clock.settle();
  return instance;
}

/** The value below which so many of a hundred lie. */
const percentile = (values: readonly number[], of: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length * of) / 100)] ?? 0;

async function timed(run: () => unknown): Promise<string> {
  const took: number[] = [];
  for (let n = 0; n < SCRAPES; n++) {
    const start = performance.now();
    await run();
    took.push(performance.now() - start);
  }
  const [first = 0] = took;
  const figures = [percentile(took, 50), percentile(took, 99), first].map((ms) => ms.toFixed(2));
  return `${figures.join(' / ')} ms (p50 / p99 / the first)`;
}

async function bench(connections: number): Promise<void> {
  const { core, metrics } = await crowdedInstance(connections);
  const text = await metrics.scrape(core.reading());
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  console.log(`${connections} connections, ${SCRAPES} scrapes`);
  console.log(`text                      ${new TextEncoder().encode(text).length} bytes, ${series} series`);
  console.log(`counting the connections  ${await timed(() => core.reading())}`);
  console.log(`all of a scrape           ${await timed(() => metrics.scrape(core.reading()))}`);
}

await runCommand({
  help: HELP,
  options: { connections: { type: 'string', default: '10000' } },
  run: ({ connections }) => bench(wholeNumber('--connections', connections, 1)),
});
