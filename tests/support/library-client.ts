import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  type Connection,
  type ConnectOptions,
  connect,
  type Gap,
  type StateChange,
} from '../../src/client/index.ts';
import type { Account } from './fault-ledger.ts';

export type LibraryClientOptions = Pick<ConnectOptions, 'url'> &
  Partial<ConnectOptions> & { readonly account: Account };

/** A dashboard on the client library, which enters what it is given into an account. It is closed with the test. */
export class LibraryClient {
  readonly connection: Connection;
  readonly states: StateChange[] = [];
  readonly gaps: Gap[] = [];
  /** Marks of the events that it was given, in their order. */
  readonly marks: number[] = [];

  constructor({ account, ...options }: LibraryClientOptions) {
    this.connection = connect({ WebSocket, backoff: { firstMs: 100, longestMs: 300 }, ...options });
    this.connection.on('state', (change) => this.states.push(change));
    this.connection.on('gap', (gap) => this.gaps.push(gap));
    this.connection.on('event', (event) => {
      if (event.kind !== 'other') return;
      const mark = Number(event.payload.n);
      this.marks.push(mark);
      account.entries.push({ kind: 'event', mark, sequenceId: event.sequence_id });
    });
    this.connection.on('replay', (replay) => {
      if (replay.phase === 'end') {
        account.entries.push({ kind: 'replay_end', sequenceId: replay.sequence_id });
        return;
      }
      const { epoch, after_sequence_id: after, missing } = replay;
      const range = missing && { from: missing.from_sequence_id, to: missing.to_sequence_id };
      account.entries.push({ kind: 'replay_start', epoch, after, missing: range });
    });
    onTestFinished(() => this.connection.close());
  }

  get isLive(): boolean {
    return this.connection.state === 'live';
  }

  get story(): string {
    return JSON.stringify({ states: this.states, counters: this.connection.counters });
  }
}
