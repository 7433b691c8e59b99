import type { EngineOptions } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Engine } from '../../core/ports/engine.ts';
import type { Random } from '../../core/ports/random.ts';
import { MemoryHandover } from './handover.ts';
import { MemoryLimits } from './limits.ts';
import { MemoryOrders } from './orders.ts';
import { MemoryRegistry } from './registry.ts';
import { MemoryStore } from './store.ts';
import { MemoryStreams } from './streams.ts';

const SWEEP_MS = 30_000;

export type MemoryEngine = Engine & { readonly handover: MemoryHandover };

/**
 * The embedded engine: one instance, nothing outside the process, gone with it.
 * @param store shared by several engines only in tests
 */
export function createMemoryEngine(
  options: EngineOptions & { clock: Clock; random: Random },
  store = new MemoryStore(),
): MemoryEngine {
  const streams = new MemoryStreams(store, options);
  const registry = new MemoryRegistry(store, options);
  const handover = new MemoryHandover(store);
  const stopSweeping = options.clock.every(SWEEP_MS, () => {
    streams.sweep();
    registry.sweep();
  });
  return {
    streams,
    handover,
    registry,
    orders: new MemoryOrders(store, options),
    limits: new MemoryLimits(store, options),
    connect: async () => {},
    probe: async () => ({ commandMs: 0, totalMs: 0 }),
    unavailable: () => null,
    close: async () => {
      stopSweeping();
      handover.close();
    },
  };
}
