import { setTimeout as pause } from 'node:timers/promises';
import { type ContestantOptions, startContestant } from './contestant.ts';
import { Clients } from './load/clients.ts';
import { clientTarget } from './load/requests.ts';

/** What the first connections take is not theirs alone: code, pools, room in tables. */
const WARM_UP = 1_000;
const SETTLE_MS = 1_500;

/** Resident bytes of a server for each connection that does nothing, each of a user of its own. */
export async function bytesOfIdle(options: ContestantOptions, connections: number): Promise<number> {
  const contestant = await startContestant(options);
  const clients = new Clients();
  const connect = (count: number) =>
    clients.connect(count, { port: contestant.port, target: (n) => clientTarget(`user-${n}`) });
  const resident = async (): Promise<number> => {
    await pause(SETTLE_MS);
    await contestant.used('settled');
    // What the garbage held on to is found by the next look.
    await pause(SETTLE_MS);
    return (await contestant.used('settled')).residentBytes;
  };
  try {
    await connect(WARM_UP);
    const before = await resident();
    await connect(connections);
    return ((await resident()) - before) / connections;
  } finally {
    clients.close();
    await contestant.stop();
  }
}
