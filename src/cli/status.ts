import { checkUser } from './development-token.ts';
import { ageText } from './durations.ts';
import type { ServerAccess } from './operator-request.ts';
import { operatorRequest } from './operator-request.ts';
import { tableText } from './table.ts';

/** An instance as the server lists it (contract §5, operators). */
export type InstanceRow = {
  readonly instance_id: string;
  readonly hostname: string;
  readonly port: number;
  readonly status: string;
  readonly connection_count: number;
  readonly started_at: string;
  readonly last_heartbeat: string;
};

export type ConnectionRow = {
  readonly connection_id: string;
  readonly instance_id: string;
  readonly connected_at: string;
  readonly last_heartbeat: string;
  readonly filters: Readonly<Record<string, readonly string[] | null>>;
  readonly last_sequence_id: number | null;
  readonly is_draining: boolean;
};

export type Status = {
  readonly instances: readonly InstanceRow[];
  /** Where a user was asked for. */
  readonly connections?: readonly ConnectionRow[];
};

/** Asks for the instances, and for the connections of a user. Throws a Failure that says what to do. */
export async function readStatus(
  access: ServerAccess,
  user: string | null,
  stop: AbortSignal,
): Promise<Status> {
  if (user !== null) checkUser(user);
  const read = (path: string, list: keyof Status) =>
    operatorRequest(access, { method: 'GET', path, list }, stop);
  const { instances } = (await read('/instances', 'instances')) as Pick<Status, 'instances'>;
  if (user === null) return { instances };
  const { connections } = (await read(
    `/connections?user_id=${encodeURIComponent(user)}`,
    'connections',
  )) as Required<Status>;
  return { instances, connections };
}

/** Tables for people; `now` in ms since 1970. */
export function statusText({ instances, connections }: Status, now: number): string {
  const text = tableText(
    ['instance', 'host', 'port', 'status', 'connections', 'up for', 'last sign of life'],
    instances.map((row) => [
      row.instance_id,
      row.hostname,
      String(row.port),
      row.status,
      String(row.connection_count),
      ageText(now - Date.parse(row.started_at)),
      `${ageText(now - Date.parse(row.last_heartbeat))} ago`,
    ]),
  );
  if (connections === undefined) return text;
  return `${text}\n${connections.length === 0 ? 'no connections of this user\n' : connectionsText(connections, now)}`;
}

const connectionsText = (connections: readonly ConnectionRow[], now: number): string =>
  tableText(
    ['connection', 'instance', 'up for', 'last sign of life', 'position', 'filters'],
    connections.map((row) => [
      row.connection_id,
      `${row.instance_id}${row.is_draining ? ' (draining)' : ''}`,
      ageText(now - Date.parse(row.connected_at)),
      `${ageText(now - Date.parse(row.last_heartbeat))} ago`,
      row.last_sequence_id === null ? '-' : `#${row.last_sequence_id}`,
      filtersText(row.filters),
    ]),
  );

function filtersText(filters: ConnectionRow['filters']): string {
  const parts = Object.entries(filters).flatMap(([name, values]) =>
    values === null ? [] : [`${name}=${values.join(',')}`],
  );
  return parts.length === 0 ? 'none' : parts.join(' ');
}
