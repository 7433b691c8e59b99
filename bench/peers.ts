import { availableParallelism, cpus } from 'node:os';
import { UsageError } from '../src/cli/exit-status.ts';
import { wholeNumber } from '../src/cli/whole-number.ts';
import { runCommand } from './command-line.ts';
import { installPeer } from './peers/installing.ts';
import { MEASUREMENTS } from './peers/measurements.ts';
import { inColumns } from './table.ts';

const HELP = `npm run bench:peers [-- --rounds 3] [--only <text>]

Beside Socket.IO, both on a Redis: the same work, from the same clients, in turn.

  --rounds      how often each is measured; the table has the medians
  --only        only the measurements whose name contains the text
`;

async function bench(only: string, rounds: number): Promise<void> {
  const chosen = MEASUREMENTS.filter(({ name }) => name.includes(only));
  if (chosen.length === 0) throw new UsageError(`--only: nothing has ${JSON.stringify(only)} in its name`);
  installPeer();
  const place = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`;
  console.log(`Node ${process.version}, ${place}`);
  const rows = [['', 'agentcast', 'Socket.IO', 'ratio']];
  for (const { name, run } of chosen) {
    console.error(`measuring ${name}`);
    for (const { what, cells } of await run(rounds)) rows.push([what, ...cells]);
  }
  console.log(`\n${inColumns(rows)}`);
  console.log('\nA ratio above 1: agentcast is better. What the rows mean: bench/README.md');
}

await runCommand({
  help: HELP,
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
  run: ({ rounds, only }) => bench(only, wholeNumber('--rounds', rounds, 1)),
});
