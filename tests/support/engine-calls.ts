import { expect } from 'vitest';
import type { Engine } from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { NO_FILTERS } from '../../src/protocol/filters.ts';
import { freshId, freshKey, freshUser, newEvent, progressOf } from './engine-events.ts';

/** What "within 2 seconds" (contract §5) is held to here: a busy machine adds its own. */
export const GENEROUS_MS = 2_500;

/** Every question that can be put to an engine, by name. */
export function everyCall({ streams, handover, registry, probe }: Engine): [string, Promise<unknown>][] {
  const userId = freshUser();
  const connectionId = freshId();
  const entry = {
    connectionId,
    userId,
    connectedAt: 0,
    lastHeartbeat: 0,
    lastSequenceId: 0,
    isDraining: false,
  };
  const instance = { instanceId: freshId(), hostname: 'box', port: 1, startedAt: 0, lastHeartbeat: 0 };
  return [
    ['claim', streams.claim(freshKey(), 'body')],
    ['append', streams.append(newEvent(userId), freshKey())],
    ['append, ephemeral', streams.append(progressOf(userId), freshKey())],
    ['open', streams.open(userId)],
    ['read', streams.read(userId, 0)],
    ['ends', streams.ends([userId, freshUser()])],
    ['subscribe', handover.subscribe(userId)],
    ['admit', registry.admit({ connectionId, userId, address: freshId(), reserve: true })],
    ['refresh', registry.refresh([{ ...entry, filters: NO_FILTERS }])],
    ['remove', registry.remove([entry])],
    ['connectionsOf', registry.connectionsOf(userId)],
    ['announce', registry.announce({ ...instance, connectionCount: 0, status: 'active' })],
    ['withdraw', registry.withdraw(instance.instanceId)],
    ['instances', registry.instances()],
    ['probe', probe()],
  ];
}

/** Each call is refused with `EngineUnavailable`, and in time. */
export async function expectRefused(calls: readonly [string, Promise<unknown>][]): Promise<void> {
  const start = performance.now();
  const outcomes = calls.map(async ([name, call]) => {
    const outcome = await call.then(
      () => 'answered',
      (error: unknown) => (error instanceof EngineUnavailable ? 'unavailable' : String(error)),
    );
    const inTime =
      performance.now() - start <= GENEROUS_MS ? 'in time' : `after ${performance.now() - start} ms`;
    return `${name}: ${outcome}, ${inTime}`;
  });
  const wanted = calls.map(([name]) => `${name}: unavailable, in time`);
  expect(await Promise.all(outcomes)).toEqual(wanted);
}
