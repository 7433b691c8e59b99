import type { ContestantOptions } from '../contestant.ts';
import { type Dialect, OURS, SOCKET_IO } from '../load/dialects.ts';
import { SERVER_ENV } from '../load/requests.ts';

/** A kind of server, and how one speaks with it. */
export type Side = {
  readonly name: string;
  readonly dialect: Dialect;
  /** An instance on a Redis; of several on one, each has a name of its own. */
  instance(redisUrl: string, name?: string): ContestantOptions;
};

export const AGENTCAST: Side = {
  name: 'agentcast',
  dialect: OURS,
  instance: (redisUrl, name = 'one') => ({
    server: 'agentcast',
    env: { ...SERVER_ENV, REDIS_URL: redisUrl, INSTANCE_ID: name, LOG_LEVEL: 'error' },
  }),
};

export const PEER: Side = {
  name: 'Socket.IO',
  dialect: SOCKET_IO,
  instance: (redisUrl) => ({
    server: 'socket.io',
    env: { REDIS_URL: redisUrl, JWT_SECRET: SERVER_ENV.JWT_SECRET ?? '' },
  }),
};

export const SIDES = [AGENTCAST, PEER] as const;
