import { startRedis } from '../../tests/support/redis-server.ts';
import { type Contestant, startContestant } from '../contestant.ts';
import type { Dialect } from '../load/dialects.ts';
import type { Load } from '../load/load.ts';
import { measure, type Result, type Runner } from '../measure.ts';
import { type Rounds, type Row, rowOf } from './row.ts';
import { AGENTCAST, PEER } from './sides.ts';

const SLICE_MS = 800;
/** Long, because what is measured is compiled code, and ours is the larger part of what there is to compile. */
const WARM_UP_MS = 4_000;

export type Rate = {
  readonly name: string;
  load(port: number, dialect: Dialect): Promise<Load>;
};

/** How much work each side does in a second, and in a CPU second of its server; both are there, and work in turn. */
export async function ratesOf({ name, load }: Rate, rounds: number): Promise<Row[]> {
  const sides = [AGENTCAST, PEER];
  const redises = await Promise.all(sides.map(() => startRedis()));
  const contestants: Contestant[] = [];
  const runners: Runner[] = [];
  try {
    for (const [index, side] of sides.entries()) {
      const contestant = await startContestant(side.instance(redises[index]?.url ?? ''));
      contestants.push(contestant);
      runners.push({ contestant, load: await load(contestant.port, side.dialect) });
    }
    const results = await inRounds(runners, rounds);
    return [
      rowOf(results, { what: `${name}: a second`, of: ({ perSecond }) => perSecond, better: 'more' }),
      rowOf(results, {
        what: `${name}: a CPU second`,
        of: ({ perCpuSecond }) => perCpuSecond,
        better: 'more',
      }),
    ];
  } finally {
    for (const { load } of runners) load.close();
    await Promise.all(contestants.map((contestant) => contestant.stop()));
    await Promise.all(redises.map((redis) => redis.stop()));
  }
}

async function inRounds(runners: readonly Runner[], rounds: number): Promise<Rounds<Result>> {
  const [ours, theirs]: [Result[], Result[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const warmUpMs = round === 0 ? WARM_UP_MS : 0;
    const [one, other] = await measure(runners, { slices: 1, sliceMs: SLICE_MS, warmUpMs });
    if (one !== undefined) ours.push(one);
    if (other !== undefined) theirs.push(other);
  }
  return { ours, theirs };
}
