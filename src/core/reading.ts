import type { Connection } from './connection.ts';
import type { ConnectionState, InstanceReading } from './ports/metrics.ts';

/** Counts connections by state, and what waits for them: one pass over all of them. */
export function readConnections(
  connections: Iterable<Connection>,
  opening: number,
): Pick<InstanceReading, 'connections' | 'waiting'> {
  const states: Record<ConnectionState, number> = {
    opening,
    live: 0,
    catching_up: 0,
    draining: 0,
    closing: 0,
  };
  let total = 0;
  let most = 0;
  for (const { state, waiting } of connections) {
    states[state]++;
    total += waiting;
    most = Math.max(most, waiting);
  }
  return { connections: states, waiting: { total, most } };
}
