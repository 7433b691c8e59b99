import type { Filters } from '../protocol/filters.ts';
import type { ClientClock } from './clock.ts';
import type { SocketConstructor } from './socket.ts';
import type { Position } from './stream.ts';

/** Gives a token. `fresh`: the one before was refused, or is about to expire, so the same will not do. */
export type GetToken = (wanted: { readonly fresh: boolean }) => string | Promise<string>;

export type ConnectOptions = {
  /** `wss://host`, `https://host` or with a path; without one, `/ws/agents`. In a browser it may be relative to the page. */
  readonly url: string | URL;
  /** A JWT whose `sub` is the user. This, or `getToken`. */
  readonly token?: string;
  /** Asked before every attempt to connect, and ahead of the token's expiry. */
  readonly getToken?: GetToken;
  /** What to let through; absent: everything of the user. */
  readonly filters?: Partial<Filters>;
  /** Absent: all that the server keeps. `latest`: only what comes from now on. A position: what came after it. */
  readonly resumeFrom?: Position | 'latest';
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal;
  /** Where there is no global one (Node 20): `ws`, say. */
  readonly WebSocket?: SocketConstructor;
  /** Asks why a connection does not come about; null: never. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | null;
  /** From the attempt to the first message, in ms. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Waits between attempts: full jitter up to `firstMs`, doubled up to `longestMs`. Default 500 and 30,000. */
  readonly backoff?: { readonly firstMs?: number; readonly longestMs?: number };
  /** How long nothing more must have been shed before what was shed is asked for, in ms. Default 1,000. */
  readonly recoverAfterMs?: number;
  /** How many items wait in a `for await` that does not keep up. Default 1,000. */
  readonly bufferSize?: number;
  /** For tests. */
  readonly clock?: ClientClock;
  /** For tests: from 0 up to, not including, 1. */
  readonly random?: () => number;
};

/** Where a connection is. */
export type State = 'connecting' | 'replaying' | 'live' | 'waiting' | 'closed';
