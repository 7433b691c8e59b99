import { parseArgs } from 'node:util';
import { seedOfRun } from '../support/random.ts';
import { startServer } from '../support/server-process.ts';
import { parsersOf } from './parsers.ts';
import type { Report } from './run.ts';
import { failureText, fuzz, fuzzInLanes } from './run.ts';
import { wireParsers } from './wire.ts';

const HELP = `npm run fuzz [-- [parser ...] [--inputs <count>] [--seed <number>] [--from <number>] [--server node|deno]]

  --inputs   for each parser; 1,000,000 by default
  --seed     another run of the same seed has the same inputs
  --from     the number of the first input
  --server   requests and WebSocket frames over the wire to a server on this runtime, a few hundred a second
`;

/** Connections to a server at a time. */
const LANES = 16;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(seedOfRun()) },
    from: { type: 'string', default: '0' },
    server: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const range = { seed: Number(values.seed), from: Number(values.from), inputs: Number(values.inputs) };
const { server: runtime } = values;
const server =
  runtime === 'node' || runtime === 'deno'
    ? await startServer({ runtime, env: { WS_MAX_CONNECTIONS_PER_USER: '0' } })
    : null;
try {
  process.exitCode = await run();
} finally {
  const errors = server?.logs().filter(({ level }) => level === 'error') ?? [];
  for (const error of errors) console.log(`the server logged: ${JSON.stringify(error)}`);
  if (errors.length > 0) process.exitCode = 1;
  await server?.stop();
}

/** Gives the exit status: 0 where nothing failed, 1 where something did, 2 for what cannot be run. */
async function run(): Promise<number> {
  const all = server === null ? parsersOf(range.seed) : await wireParsers(server);
  const names = all.map(({ name }) => name);
  const isUnknown = positionals.some((name) => !names.includes(name));
  if (values.help || isUnknown || !Object.values(range).every(Number.isSafeInteger)) {
    console.log(`${HELP}\nparsers: ${names.join(', ')}`);
    return values.help ? 0 : 2;
  }
  console.log(`seed ${range.seed}`);
  const reports: Report[] = [];
  for (const parser of all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const report =
      server === null
        ? await fuzz(parser, range, (done) => showProgress(parser.name, done))
        : await fuzzInLanes(parser, range, LANES);
    reports.push(report);
    console.log(lineOf(report));
    if (report.failure !== null) console.log(failureText(commandOf(report.name), range.seed, report.failure));
  }
  const total = reports.reduce((sum, { inputs }) => sum + inputs, 0);
  const failed = reports.filter(({ failure }) => failure !== null).length;
  console.log(`${total.toLocaleString('en')} inputs, ${failed} of ${reports.length} parsers failed`);
  return failed === 0 ? 0 : 1;
}

const commandOf = (name: string): string => (runtime === undefined ? name : `--server ${runtime} ${name}`);

/** On a terminal alone, and away from what is piped on. */
function showProgress(name: string, done: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${name} ${done.toLocaleString('en')} \r`);
}

function lineOf({ name, inputs, accepted, milliseconds, slowestMs }: Report): string {
  const rate = Math.round(inputs / (milliseconds / 1000)).toLocaleString('en');
  const share = `${((100 * accepted) / inputs).toFixed(1)} % accepted`;
  const columns = [inputs.toLocaleString('en').padStart(12), `${rate}/s`.padStart(12), share.padStart(16)];
  return `${name.padEnd(12)}${columns.join('')}   slowest ${slowestMs.toFixed(1)} ms`;
}
