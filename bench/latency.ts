import { setTimeout as pause } from 'node:timers/promises';
import { type ContestantOptions, startContestant } from './contestant.ts';
import { Clients } from './load/clients.ts';
import { OURS } from './load/dialects.ts';
import { KeepAlive } from './load/keep-alive.ts';
import { batchBody, publishRequest, WATCHED_USER } from './load/requests.ts';

const HEARERS = 20;
const EVERY_MS = 10;
const WARM_UP = 100;

export type LatencyOptions = {
  /** Connections that do nothing, each of a user of its own. */
  readonly idle: number;
  /** How many are published, one after another. */
  readonly events: number;
};

/** How long each event took from its publish until the last of 20 clients had it, in ms, in rising order. */
export async function latencies(
  contestantOptions: ContestantOptions,
  { idle, events }: LatencyOptions,
): Promise<number[]> {
  const contestant = await startContestant(contestantOptions);
  const { port } = contestant;
  const [idlers, hearers] = [new Clients(), new Clients()];
  const worker = await KeepAlive.open(port);
  const took: number[] = [];
  try {
    await idlers.connect(idle, { port, entry: (n) => OURS.entry(`user-${n}`) });
    await hearers.connect(HEARERS, { port, entry: await OURS.entry(WATCHED_USER) });
    for (let event = 0; event < WARM_UP + events; event++) {
      const ms = await publishToAll(worker, hearers);
      if (event >= WARM_UP) took.push(ms);
      await pause(EVERY_MS);
    }
  } finally {
    for (const clients of [idlers, hearers]) clients.close();
    worker.close();
    await contestant.stop();
  }
  return took.sort((one, other) => one - other);
}

async function publishToAll(worker: KeepAlive, hearers: Clients): Promise<number> {
  const start = performance.now();
  const wanted = hearers.received + hearers.count;
  const arrived = new Promise<number>((resolve) => {
    hearers.heard = () => {
      if (hearers.received >= wanted) resolve(performance.now() - start);
    };
  });
  await worker.send(publishRequest(batchBody([WATCHED_USER]), { batch: true }));
  return arrived;
}
