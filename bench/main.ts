import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { UsageError } from '../src/cli/exit-status.ts';
import { findRedisProgram, startRedis } from '../tests/support/redis-server.ts';
import { besideBare, standings } from './beside-idle.ts';
import { runCommand } from './command-line.ts';
import type { Comparison } from './comparisons.ts';
import { BARE, comparisons, engines } from './comparisons.ts';
import { type Contestant, startContestant } from './contestant.ts';
import { type Duration, measure, type Runner } from './measure.ts';
import { inColumns, type Row, tableOf } from './table.ts';

// A server that has only just started is still being compiled: connects took twice the CPU after a second that they take after six.
const FULL: Duration = { slices: 3, sliceMs: 600, warmUpMs: 4_000 };
const QUICK: Duration = { slices: 2, sliceMs: 250, warmUpMs: 600 };

const HELP = `npm run bench [-- --quick] [--only <text>] [--against <checkout>] [--cpu-prof <directory>]

  --quick       shorter slices: a look, not a measurement
  --only        only the comparisons whose name contains the text
  --against     the servers of another checkout are measured beside those of this one
  --cpu-prof    every server under test writes a CPU profile there when it ends
`;

type Options = {
  readonly duration: Duration;
  readonly cpuProfileDir: string | undefined;
  readonly against: string | null;
  readonly isQuick: boolean;
};

/** Runs one comparison, every server fresh. */
async function compare({ name, entrants, load }: Comparison, options: Options): Promise<Row[]> {
  const started: Contestant[] = [];
  const runners: Runner[] = [];
  try {
    for (const entrant of [...entrants, BARE]) {
      const contestant = await startContestant({ ...entrant, cpuProfileDir: options.cpuProfileDir });
      started.push(contestant);
      const working = await load(contestant.port);
      const redisUrl = entrant.env?.REDIS_URL;
      runners.push({ contestant, load: working, redis: redisUrl ? new Redis(redisUrl) : null });
      // At once: a connection that asks for nothing is cut.
      await working.run(options.duration.warmUpMs);
    }
    const results = await measure(runners, options.duration);
    const bare = results.at(-1);
    return entrants.flatMap(({ label }, index) => {
      const measured = results[index];
      return measured === undefined || bare === undefined
        ? []
        : [{ what: `${name}: ${label}`, measured, bare }];
    });
  } finally {
    for (const { load, redis } of runners) {
      load.close();
      redis?.disconnect();
    }
    await Promise.all(started.map((contestant) => contestant.stop()));
  }
}

async function bench(only: string, options: Options): Promise<void> {
  const directories = [undefined, ...(options.against === null ? [] : [options.against])];
  const hasRedis = findRedisProgram() !== null;
  const redises = await Promise.all(hasRedis ? directories.map(() => startRedis()) : []);
  const checkouts = directories.map((directory, index) => ({
    name: directory === undefined ? '' : ' of the other checkout',
    ...(directory && { directory }),
    redisUrl: redises[index]?.url ?? null,
  }));
  const place = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`;
  console.log(`Node ${process.version}, ${place}, ${hasRedis ? 'with Redis' : 'no redis-server on PATH'}`);
  try {
    const isChosen = ({ name }: { readonly name: string }): boolean => name.includes(only);
    const atWork = comparisons({ checkouts }).filter(isChosen);
    const standing = standings(options.isQuick).filter(isChosen);
    if (atWork.length + standing.length === 0)
      throw new UsageError(`--only: no comparison has ${JSON.stringify(only)} in its name`);
    const rows: Row[] = [];
    for (const comparison of atWork) {
      console.error(`measuring ${comparison.name}`);
      rows.push(...(await compare(comparison, options)));
    }
    if (rows.length > 0) console.log(`\n${tableOf(rows)}`);
    for (const comparison of standing) {
      console.error(`measuring ${comparison.name}`);
      console.log(`\n${inColumns(await besideBare(comparison, engines({ checkouts })))}`);
    }
    console.log('\nWhat the rows and columns mean: bench/README.md');
  } finally {
    await Promise.all(redises.map((redis) => redis.stop()));
  }
}

/** Throws a UsageError where no server of this bench is there. */
function checkoutAt(directory: string): string {
  if (existsSync(resolve(directory, 'bench/servers'))) return resolve(directory);
  throw new UsageError(`--against: got ${JSON.stringify(directory)}, wanted another checkout of agentcast`);
}

await runCommand({
  help: HELP,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    against: { type: 'string' },
    'cpu-prof': { type: 'string' },
  },
  run: ({ quick, only, against, 'cpu-prof': cpuProfileDir }) =>
    bench(only, {
      isQuick: quick,
      duration: quick ? QUICK : FULL,
      cpuProfileDir,
      against: against === undefined ? null : checkoutAt(against),
    }),
});
