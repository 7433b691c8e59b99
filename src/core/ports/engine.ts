import type { Handover } from './handover.ts';
import type { Limits } from './limits.ts';
import type { Orders } from './orders.ts';
import type { Registry } from './registry.ts';
import type { Streams } from './streams.ts';

// One port in five parts, and one place to import them from.
export type * from './handover.ts';
export * from './limits.ts';
export * from './orders.ts';
export * from './registry.ts';
export * from './streams.ts';

/**
 * The engine keeps streams, registry and limits. Two adapters fill this port and pass one conformance suite:
 * `memory` (one instance) and `redis` (many). Every method that asks the engine rejects with `EngineUnavailable`
 * when it does not answer within a bounded time.
 */
export type Engine = {
  readonly streams: Streams;
  readonly handover: Handover;
  readonly registry: Registry;
  readonly orders: Orders;
  readonly limits: Limits;
  /** Resolves once the engine can be used, or when the time is up; `unavailable()` tells which. */
  connect(timeoutMs: number): Promise<void>;
  /** Proves with one write and one hand-over to itself that both ways work. */
  probe(): Promise<ProbeResult>;
  /** Why the engine cannot be used at present, as far as is known without asking it; null while it can. */
  unavailable(): string | null;
  close(): Promise<void>;
};

/** How long a probe took, in ms: its command until the answer, and all of it until it was heard. */
export type ProbeResult = { readonly commandMs: number; readonly totalMs: number };

/** The engine cannot be reached, or did not answer in time. What was asked may still take effect later. */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
}
