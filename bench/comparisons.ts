import type { ContestantOptions } from './contestant.ts';
import { deliveringLoad } from './load/delivering.ts';
import type { Load } from './load/load.ts';
import { publishingLoad } from './load/publishing.ts';
import { SERVER_ENV } from './load/requests.ts';

/** One of ours, as it is named in the table. */
export type Entrant = ContestantOptions & { readonly label: string };

/** One kind of load, given to some of ours and to the bare server. */
export type Comparison = {
  readonly name: string;
  readonly entrants: readonly Entrant[];
  load(port: number): Promise<Load>;
};

export const BARE: ContestantOptions = { server: 'bare' };

/** All comparisons there are; those on Redis only where there is one. */
export function comparisons(redisUrl: string | null): Comparison[] {
  const memory: Entrant = { label: 'memory', server: 'agentcast', env: SERVER_ENV };
  const onRedis: Entrant[] =
    redisUrl === null
      ? []
      : [{ label: 'redis', server: 'agentcast', env: { ...SERVER_ENV, REDIS_URL: redisUrl } }];
  const framework: Entrant = { label: 'Hono alone', server: 'hono' };
  const both = [memory, ...onRedis];
  return [
    {
      name: 'publishes, one a request',
      entrants: [...both, framework],
      load: (port) => publishingLoad(port, { batch: false }),
    },
    {
      name: 'publishes, 100 a request',
      entrants: [...both, framework],
      load: (port) => publishingLoad(port, { batch: true }),
    },
    {
      name: 'deliveries to 1 client, bursts of 50',
      entrants: both,
      load: (port) => deliveringLoad(port, { clients: 1, burst: 50 }),
    },
    {
      name: 'deliveries to 1,000 clients, one by one',
      entrants: both,
      load: (port) => deliveringLoad(port, { clients: 1_000, burst: 1 }),
    },
    {
      name: 'deliveries to 1,000 clients, bursts of 10',
      entrants: both,
      load: (port) => deliveringLoad(port, { clients: 1_000, burst: 10 }),
    },
  ];
}
