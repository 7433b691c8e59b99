import { setTimeout as pause } from 'node:timers/promises';
import { type ContestantOptions, startContestant } from './contestant.ts';
import { Clients } from './load/clients.ts';
import { type Dialect, OURS } from './load/dialects.ts';
import type { Used } from './servers/report.ts';

/** What the first connections take is not theirs alone: code, pools, room in tables. */
const WARM_UP = 1_000;
const SETTLE_MS = 1_500;
/** Newer Node lets the young generation grow to 128 MB in a burst and stay so, however many connections there are then. */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=16';

export type Bytes = { readonly resident: number; readonly heap: number };

/** Bytes of a server for each connection that does nothing, each of a user of its own. */
export async function bytesOfIdle(
  options: ContestantOptions,
  connections: number,
  dialect: Dialect = OURS,
): Promise<Bytes> {
  const env = { ...options.env, NODE_OPTIONS: SMALL_YOUNG_GENERATION };
  const contestant = await startContestant({ ...options, env });
  const clients = new Clients();
  const connect = (count: number) =>
    clients.connect(count, { port: contestant.port, entry: (n) => dialect.entry(`user-${n}`) });
  const held = async (): Promise<Used> => {
    await pause(SETTLE_MS);
    await contestant.used('settled');
    // What the garbage held on to is found by the next look.
    await pause(SETTLE_MS);
    return contestant.used('settled');
  };
  try {
    await connect(WARM_UP);
    const before = await held();
    await connect(connections);
    const after = await held();
    const each = (of: 'residentBytes' | 'heapBytes') => (after[of] - before[of]) / connections;
    return { resident: each('residentBytes'), heap: each('heapBytes') };
  } finally {
    clients.close();
    await contestant.stop();
  }
}
