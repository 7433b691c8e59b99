import type { Priority } from '../../protocol/events.ts';
import type { ProblemCode } from '../../protocol/problems.ts';
import type { DropReason, Missing, ReplayReason } from '../../protocol/server-messages.ts';
import type { DeliveryType } from '../delivery-type.ts';

/** What became of an event that a worker published. */
export type PublishOutcome = 'accepted' | 'duplicate' | 'conflict' | 'unavailable';

/** Why a connection went to the log: its client asked, or a hand-over had not come. */
export type CatchUpReason = Exclude<ReplayReason, 'resync'> | 'repair';

/** How a replay ended: all was delivered, its connection ended before, or its client asked for another. */
export type ReplayOutcome = 'caught_up' | 'abandoned' | 'replaced';

/** Which limit kept a connection's messages waiting. */
export type RateLimit = 'connection' | 'cluster';

export type ConnectionMetrics = {
  connectionOpened(): void;
  /** @param code as `SocketHandlers.closed` has it */
  connectionClosed(code: number, seconds: number): void;
  upgradeRefused(problem: ProblemCode): void;
  heartbeatMissed(): void;
  tokenExpired(): void;
  /** A client was told when to leave. */
  drainHinted(): void;
};

/** Stands where thousands of events a second come by: an addition is all that a call may cost. */
export type DeliveryMetrics = {
  /** So many frames of one type were handed to a socket. */
  delivered(type: DeliveryType, frames: number): void;
  /** The oldest live event of one write left so long after it was accepted. */
  deliveredAfter(seconds: number): void;
  dropped(reason: DropReason, priority: Priority): void;
  /** A limit let messages of a connection go again, which it had kept waiting. */
  heldUp(limit: RateLimit, seconds: number): void;
  /** The limit over the whole cluster granted so many messages. */
  leased(tokens: number): void;
  leaseFailed(): void;
};

export type CatchUpMetrics = {
  /** A replay began, or went on behind what is missing; null where nothing is. */
  replayed(reason: ReplayReason, missing: Missing | null): void;
  /** A connection is live again, so many events later. */
  caughtUp(reason: CatchUpReason, done: { readonly events: number; readonly seconds: number }): void;
  /** A replay did not come to its end. */
  replayGivenUp(reason: Exclude<CatchUpReason, 'repair'>, outcome: Exclude<ReplayOutcome, 'caught_up'>): void;
  /** Hand-overs may have been lost, so that every stream is compared with its end. */
  interrupted(): void;
};

export type PublishMetrics = {
  published(outcome: PublishOutcome, events: number): void;
  /** A publish request was answered with an HTTP status. */
  publishAnswered(status: number): void;
  /** The engine took so long over the events of one valid request. */
  publishTook(seconds: number): void;
};

export type EngineMetrics = {
  /** The engine answered a probe: its command alone, and with the hand-over to ourselves. */
  engineProbed(took: { readonly commandSeconds: number; readonly seconds: number }): void;
  engineProbeFailed(): void;
};

/** Told what happened, and how often; never throws. */
export type Metrics = ConnectionMetrics & DeliveryMetrics & CatchUpMetrics & PublishMetrics & EngineMetrics;

/** Where a connection stands; each is in one state at a time. */
export const CONNECTION_STATES = ['opening', 'live', 'catching_up', 'draining', 'closing'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** What can only be counted at the moment when somebody asks. */
export type InstanceReading = {
  readonly connections: Readonly<Record<ConnectionState, number>>;
  /** Messages that wait to be sent: over all connections, and of the one that has most. */
  readonly waiting: { readonly total: number; readonly most: number };
  /** What the configuration allows: connections here, and live events that wait for one of them. */
  readonly limits: { readonly connections: number; readonly waiting: number };
  readonly drain: DrainReading;
  /** Since the engine last answered a probe; since the start where it never has. */
  readonly probeAgeSeconds: number;
  /** Instances that the registry knew when it was last asked. */
  readonly instances: { readonly active: number; readonly draining: number };
  /** Instances that share the limit over the whole cluster; 0 where there is no such limit. */
  readonly limitInstances: number;
};

/** How far a drain is; nothing left and no time outside of one. */
export type DrainReading = {
  readonly isDraining: boolean;
  readonly connections: number;
  /** Until the deadline. */
  readonly seconds: number;
};
