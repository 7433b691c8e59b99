import { parseArgs } from 'node:util';
import { seedOfRun } from '../support/random.ts';
import { parsersOf } from './parsers.ts';
import type { Report } from './run.ts';
import { failureText, fuzz } from './run.ts';

const HELP = `npm run fuzz [-- [parser ...] [--inputs <count>] [--seed <number>] [--from <number>]]

  --inputs   for each parser; 1,000,000 by default
  --seed     another run of the same seed has the same inputs
  --from     the number of the first input
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(seedOfRun()) },
    from: { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h' },
  },
});
const range = { seed: Number(values.seed), from: Number(values.from), inputs: Number(values.inputs) };
const parsers = parsersOf(range.seed);
const names = parsers.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));

if (values.help || unknown.length > 0 || !Object.values(range).every(Number.isSafeInteger)) {
  console.log(`${HELP}\nparsers: ${names.join(', ')}`);
  process.exit(values.help ? 0 : 2);
}

const reports: Report[] = [];
console.log(`seed ${range.seed}`);
for (const parser of parsers.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const report = await fuzz(parser, range, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${parser.name} ${done.toLocaleString('en')} `);
  });
  reports.push(report);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  console.log(lineOf(report));
  if (report.failure !== null) console.log(failureText(report.name, range.seed, report.failure));
}
const total = reports.reduce((sum, { inputs }) => sum + inputs, 0);
const failed = reports.filter(({ failure }) => failure !== null).map(({ name }) => name);
console.log(
  `${total.toLocaleString('en')} inputs, ${failed.length === 0 ? 'none failed' : `failed: ${failed.join(', ')}`}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function lineOf({ name, inputs, accepted, milliseconds, slowestMs }: Report): string {
  const rate = Math.round(inputs / (milliseconds / 1000)).toLocaleString('en');
  const share = `${((100 * accepted) / inputs).toFixed(1)} % accepted`;
  const columns = [inputs.toLocaleString('en').padStart(12), `${rate}/s`.padStart(12), share.padStart(16)];
  return `${name.padEnd(12)}${columns.join('')}   slowest ${slowestMs.toFixed(1)} ms`;
}
