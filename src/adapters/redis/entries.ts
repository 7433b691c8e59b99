import type { ConnectionEntry, InstanceEntry, RegisteredConnection } from '../../core/ports/engine.ts';
import type { Filters } from '../../protocol/filters.ts';

/** A hash as Redis gives it; empty where there is none. */
export type Fields = Record<string, string>;

export const fieldsOfConnection = (entry: ConnectionEntry, instanceId: string) => ({
  connection_id: entry.connectionId,
  user_id: entry.userId,
  instance_id: instanceId,
  connected_at: entry.connectedAt,
  last_heartbeat: entry.lastHeartbeat,
  filters: JSON.stringify(entry.filters),
  last_sequence_id: entry.lastSequenceId,
  is_draining: entry.isDraining ? 1 : 0,
});

export const fieldsOfInstance = (instance: InstanceEntry) => ({
  instance_id: instance.instanceId,
  hostname: instance.hostname,
  port: instance.port,
  started_at: instance.startedAt,
  last_heartbeat: instance.lastHeartbeat,
  connection_count: instance.connectionCount,
  status: instance.status,
});

export const connectionOf = (fields: Fields): RegisteredConnection => ({
  connectionId: fields.connection_id ?? '',
  userId: fields.user_id ?? '',
  instanceId: fields.instance_id ?? '',
  connectedAt: Number(fields.connected_at),
  lastHeartbeat: Number(fields.last_heartbeat),
  filters: JSON.parse(fields.filters ?? 'null') as Filters,
  lastSequenceId: Number(fields.last_sequence_id),
  isDraining: fields.is_draining === '1',
});

export const instanceOf = (fields: Fields): InstanceEntry => ({
  instanceId: fields.instance_id ?? '',
  hostname: fields.hostname ?? '',
  port: Number(fields.port),
  startedAt: Number(fields.started_at),
  lastHeartbeat: Number(fields.last_heartbeat),
  connectionCount: Number(fields.connection_count),
  status: fields.status === 'draining' ? 'draining' : 'active',
});
