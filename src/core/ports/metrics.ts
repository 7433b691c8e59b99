import type { Priority } from '../../protocol/events.ts';
import type { ProblemCode } from '../../protocol/problems.ts';
import type { DropReason, Missing, ReplayReason } from '../../protocol/server-messages.ts';

/** What became of an event that a worker published. */
export type PublishOutcome = 'accepted' | 'duplicate' | 'conflict' | 'unavailable';

/**
 * Told what happened, and how often; never throws. `delivered` and `dropped` stand where thousands of events a second
 * come by: an addition is all that they may cost.
 */
export type Metrics = {
  connectionOpened(): void;
  /** @param code as `SocketHandlers.closed` has it */
  connectionClosed(code: number, seconds: number): void;
  upgradeRefused(problem: ProblemCode): void;
  /** So many frames of any kind left in one write. */
  delivered(frames: number): void;
  dropped(reason: DropReason, priority: Priority): void;
  /** A replay began, or went on behind what is missing; null where nothing is. */
  replayed(reason: ReplayReason, missing: Missing | null): void;
  /** A connection had missed events without knowing, and has them now. */
  repaired(): void;
  heartbeatMissed(): void;
  tokenExpired(): void;
  published(outcome: PublishOutcome, events: number): void;
  /** A publish request was answered with an HTTP status. */
  publishAnswered(status: number): void;
  /** The engine answered a probe. */
  engineProbed(seconds: number): void;
  engineProbeFailed(): void;
};

/** Where a connection stands; each is in one state at a time. */
export const CONNECTION_STATES = ['opening', 'live', 'catching_up', 'draining', 'closing'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** What can only be counted at the moment when somebody asks. */
export type InstanceReading = {
  readonly connections: Readonly<Record<ConnectionState, number>>;
  /** Messages that wait to be sent: over all connections, and of the one that has most. */
  readonly waiting: { readonly total: number; readonly most: number };
  readonly eventLoopLagSeconds: number;
  readonly isDraining: boolean;
};
