import type { ResumeFrom } from '../protocol/connect-request.ts';
import type { Filters } from '../protocol/filters.ts';
import type { Connection } from './connection.ts';
import type { WitnessContext } from './connection-witness.ts';
import type { OutboxContext, OutboxSettings } from './outbox-parts.ts';
import type { Log } from './ports/log.ts';

/** Who connects, and what for; settled before the upgrade. */
export type ConnectionTicket = {
  readonly connectionId: string;
  readonly userId: string;
  readonly address: string;
  /** Of the upgrade, as the log calls it. */
  readonly requestId?: string | undefined;
  /** In ms since 1970, by `Clock.now`; null for a token without an end. */
  readonly tokenExpiresAt: number | null;
  readonly filters: Filters;
  readonly resumeFrom: ResumeFrom;
};

/** What every connection of an instance shares. */
export type ConnectionContext = OutboxContext &
  WitnessContext & {
    readonly instanceId: string;
    readonly log: Log;
    readonly settings: ConnectionSettings;
    /** What the registry keeps of a connection is another now. */
    changed(connection: Connection): void;
  };

export type ConnectionSettings = OutboxSettings & {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatMisses: number;
  readonly replayWindowMs: number;
};
