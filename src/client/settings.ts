import type { Filters } from '../protocol/filters.ts';
import { endpointOf } from './address.ts';
import { atLeast } from './at-least.ts';
import type { ClientClock } from './clock.ts';
import { realClock } from './clock.ts';
import { checkedFilters } from './filters.ts';
import type { ConnectOptions } from './options.ts';
import type { SocketConstructor } from './socket.ts';
import { socketConstructor } from './socket.ts';
import type { Position } from './stream.ts';
import { Tokens } from './tokens.ts';

/** The options of a connection, checked, with what was left out. */
export type Settings = {
  readonly endpoint: URL;
  readonly WebSocket: SocketConstructor;
  readonly tokens: Tokens;
  readonly filters: Filters;
  readonly from: Position | null;
  readonly startsLatest: boolean;
  readonly fetch: typeof globalThis.fetch | null;
  readonly connectTimeoutMs: number;
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  readonly recoverAfterMs: number;
  readonly bufferSize: number;
  readonly clock: ClientClock;
  readonly random: () => number;
};

/** @throws TypeError that names the first option that is not usable */
export function settingsOf(options: ConnectOptions): Settings {
  const { resumeFrom, clock = realClock, connectTimeoutMs = 10_000 } = options;
  const { recoverAfterMs = 1_000, bufferSize = 1_000 } = options;
  const { firstMs = 500, longestMs = 30_000 } = options.backoff ?? {};
  return {
    endpoint: endpointOf(options.url),
    WebSocket: socketConstructor(options.WebSocket),
    tokens: new Tokens(options, { clock, timeoutMs: connectTimeoutMs }),
    filters: checkedFilters(options.filters),
    from: resumeFrom === 'latest' ? null : positionOf(resumeFrom),
    startsLatest: resumeFrom === 'latest',
    fetch: options.fetch === undefined ? (globalThis.fetch ?? null) : options.fetch,
    connectTimeoutMs: atLeast(1, { connectTimeoutMs }),
    backoff: { firstMs: atLeast(0, { firstMs }), longestMs: atLeast(0, { longestMs }) },
    recoverAfterMs: atLeast(0, { recoverAfterMs }),
    bufferSize: atLeast(1, { bufferSize }),
    clock,
    random: options.random ?? Math.random,
  };
}

/** Often one that a page had kept, and that whoever wrote to its storage may have changed. */
function positionOf(given: Position | null | undefined): Position | null {
  if (given === undefined || given === null) return null;
  const { epoch, sequenceId } = given;
  if (typeof epoch === 'string' && epoch !== '' && Number.isSafeInteger(sequenceId) && sequenceId >= 0)
    return { epoch, sequenceId };
  throw new TypeError("resumeFrom: wanted 'latest', or a position: an epoch and a sequenceId from 0 on");
}
