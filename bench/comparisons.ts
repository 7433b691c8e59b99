import type { ContestantOptions } from './contestant.ts';
import { connectingLoad } from './load/connecting.ts';
import { type DeliveringOptions, deliveringLoad } from './load/delivering.ts';
import type { Load } from './load/load.ts';
import { publishingLoad } from './load/publishing.ts';
import { SERVER_ENV } from './load/requests.ts';

/** A server that is compared with the bare one, as it is named in the table. */
export type Entrant = ContestantOptions & { readonly label: string };

/** One kind of load, given to some servers and to the bare one. */
export type Comparison = {
  readonly name: string;
  readonly entrants: readonly Entrant[];
  load(port: number): Promise<Load>;
};

export const BARE: ContestantOptions = { server: 'bare' };

/** Ours on each engine; on Redis only where there is one. */
export const engines = (field: Field): Entrant[] => field.checkouts.flatMap(enginesOf);

function enginesOf({ name, directory, redisUrl }: Checkout): Entrant[] {
  const memory: Entrant = {
    label: `memory${name}`,
    server: 'agentcast',
    env: SERVER_ENV,
    checkout: directory,
  };
  if (redisUrl === null) return [memory];
  return [memory, { ...memory, label: `redis${name}`, env: { ...SERVER_ENV, REDIS_URL: redisUrl } }];
}

const publishing = (name: string, batch: boolean, entrants: readonly Entrant[]): Comparison => ({
  name,
  entrants: [...entrants, { label: 'Hono alone', server: 'hono' }],
  load: (port) => publishingLoad(port, { batch }),
});

const delivering = (name: string, options: DeliveringOptions, entrants: readonly Entrant[]): Comparison => ({
  name,
  entrants,
  load: (port) => deliveringLoad(port, options),
});

/** Servers of ours that are measured beside each other, each with a Redis of its own. */
export type Checkout = {
  /** What is put behind the name of its engine; empty for this one. */
  readonly name: string;
  readonly directory?: string;
  /** null: there is none. */
  readonly redisUrl: string | null;
};

export type Field = { readonly checkouts: readonly Checkout[] };

/** All comparisons there are. */
export function comparisons(field: Field): Comparison[] {
  const ours = engines(field);
  return [
    publishing('publishes, one a request', false, ours),
    publishing('publishes, 100 a request', true, ours),
    { name: 'connections opened', entrants: ours, load: connectingLoad },
    delivering('deliveries to 1 client, bursts of 50', { clients: 1, burst: 50 }, ours),
    delivering('deliveries to 1,000 clients, one by one', { clients: 1_000, burst: 1 }, ours),
    delivering('deliveries to 1,000 clients, bursts of 10', { clients: 1_000, burst: 10 }, ours),
  ];
}
