/** How large a run is. */
export type Size = {
  /** Sockets in all. */
  readonly connections: number;
  /** How long events are published, at least. */
  readonly seconds: number;
  /** Over all users. */
  readonly eventsPerSecond: number;
  /** Events of each user that its dashboards miss, where they are away. */
  readonly missed: number;
  /** Sockets besides that read nothing or little. */
  readonly slowReaders: number;
};

/** As k6/lib/settings.js has it. */
const DASHBOARDS_OF_A_USER = 10;

export const usersOf = ({ connections }: Size): string[] =>
  Array.from({ length: Math.ceil(connections / DASHBOARDS_OF_A_USER) }, (_, index) => `load-${index}`);

/** What a scenario takes of a server's limits: the defaults, or twice what it does where that is more. */
export function limitsFor(size: Size): Record<string, string> {
  const { connections, eventsPerSecond, missed } = size;
  const atLeast = (fallback: number, wanted: number) => String(Math.ceil(Math.max(fallback, wanted)));
  return {
    // All sockets come from one address.
    WS_CONNECT_RATE_PER_ADDRESS: '0',
    // A deploy leaves the sockets of an instance to the others; each VU may have one for orders.
    WS_MAX_CONNECTIONS_PER_INSTANCE: atLeast(10_000, connections + size.slowReaders + 100),
    // And everybody is told that it is over at the same time.
    WS_RATE_LIMIT_GLOBAL: atLeast(10_000, 2 * eventsPerSecond * DASHBOARDS_OF_A_USER + connections),
    WS_RATE_LIMIT_PER_CONNECTION: atLeast(100, (2 * eventsPerSecond) / usersOf(size).length),
    WS_MAX_REPLAY_MESSAGES: atLeast(1_000, 2 * missed),
  };
}
