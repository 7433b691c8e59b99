import type { Filters } from '../../src/protocol/filters.ts';
import type { Frame } from '../support/fake-socket.ts';

/** Where a client said that it was, and when; `epoch` null where it did not say. */
export type Claim = { readonly epoch: string | null; readonly sequenceId: number; readonly at: number };

/** What passed over one connection, as its client saw it. */
export type Entry =
  | { readonly kind: 'read'; readonly at: number; readonly frame: Frame }
  /** The client asked for a replay. */
  | { readonly kind: 'claimed'; readonly claim: Claim }
  /** The client asked for other filters. */
  | { readonly kind: 'filtered'; readonly filters: Filters };

export type Transcript = {
  readonly user: string;
  readonly filters: Filters;
  /** null where it connected at the latest. */
  readonly resumed: Claim | null;
  readonly entries: Entry[];
};

export type Missing = { from_sequence_id: number; to_sequence_id: number; reason: string };

export type ReplayStart = {
  readonly reason: string;
  readonly epoch: string;
  readonly after_sequence_id: number;
  readonly complete: boolean;
  readonly missing: Missing | null;
};
