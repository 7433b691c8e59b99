import { Ledger } from '../support/ledger.ts';
import { numberedEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

/** How many publishes are under way at a time. */
const PUBLISHERS = 5;

export type Crowd = {
  /** Where the crowd connects and publishes, each time at one of them. */
  readonly rigs: readonly ServerRig[];
  readonly user: string;
  readonly events: number;
  readonly dashboards: number;
  readonly random: () => number;
};

/**
 * Publishes at full speed to dashboards that come and go at random, until each has seen the last event.
 * Gives their accounts, of all that they were delivered (G1, G2, G3).
 */
export async function publishToCrowd(crowd: Crowd): Promise<Ledger[]> {
  const milestones = Array.from({ length: crowd.events }, newMilestone);
  const dashboards = Array.from({ length: crowd.dashboards }, () => comeAndGo(crowd, milestones));
  const publishers = Array.from({ length: PUBLISHERS }, (_, first) => publish(crowd, milestones, first));
  const [ledgers] = await Promise.all([Promise.all(dashboards), ...publishers]);
  return ledgers;
}

async function comeAndGo(crowd: Crowd, milestones: readonly Milestone[]): Promise<Ledger> {
  const { events, random, user } = crowd;
  const ledger = new Ledger();
  while (ledger.position < events) {
    await milestones[Math.floor(ledger.position + random() * 50)]?.reached;
    const client = await oneOf(crowd).connect(user, { query: ledger.query });
    const goal = Math.min(events, ledger.position + 1 + Math.floor(random() * 80));
    await client.until(({ sequence_id = 0 }) => sequence_id >= goal, `event ${goal}`);
    if (random() < 0.5) client.cut();
    else await client.close();
    ledger.enter(client.frames);
  }
  return ledger;
}

async function publish(crowd: Crowd, milestones: readonly Milestone[], first: number): Promise<void> {
  for (let n = first; n < crowd.events; n += PUBLISHERS) {
    await oneOf(crowd).worker.accepted(numberedEvent(crowd.user, n));
    milestones[n]?.reach();
  }
}

function oneOf({ rigs, random }: Crowd): ServerRig {
  const rig = rigs[Math.floor(random() * rigs.length)];
  if (rig === undefined) throw new Error('a crowd needs a server');
  return rig;
}

/** Reached when one more event has been accepted. */
type Milestone = { readonly reached: Promise<void>; reach(): void };

function newMilestone(): Milestone {
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}
