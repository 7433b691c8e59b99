import type { Filters } from '../protocol/filters.ts';
import type { ConnectionEnded } from './errors.ts';
import type { Gap, OtherEvent, ProgressEvent, StatusEvent, StreamEvent } from './events.ts';
import type { Message, PayloadOf } from './messages.ts';
import type { State } from './options.ts';
import { Reader } from './reader.ts';

/** What happened on a connection so far. */
export type Counters = {
  /** Events given out that have a place in the stream. */
  readonly received: number;
  /** Updates of progress given out. */
  readonly progress: number;
  /** Events that came again and were not given out again. */
  readonly duplicates: number;
  /** Events that the server shed, as MESSAGES_DROPPED counts them. */
  readonly dropped: number;
  /** Of those, given out late. */
  readonly recovered: number;
  readonly gaps: number;
  readonly replays: number;
  /** Times that the server let this client in. */
  readonly connects: number;
  /** Times that it came back: all but the first. */
  readonly reconnects: number;
  /** Attempts and connections that came to nothing. */
  readonly failures: number;
};

export type StateChange = {
  readonly state: State;
  readonly previous: State;
  /** In words; null where there is nothing to explain. */
  readonly why: string | null;
  /** Of `waiting`: when it tries again, in whole ms from now. */
  readonly retryInMs: number | null;
  /** Of `waiting`: the HTTP status that the server refused with, where that is known. */
  readonly status: number | null;
  /** Of `closed`, where it did not close by itself. */
  readonly error: ConnectionEnded | null;
};

export type ReplayNotice =
  | ({ readonly phase: 'start' } & PayloadOf<'REPLAY_START'>)
  | ({ readonly phase: 'end' } & PayloadOf<'REPLAY_END'>);

/** What can be listened to beside types of events. */
export type Notices = {
  /** Every event, progress too. */
  readonly event: StreamEvent;
  readonly gap: Gap;
  /** Every message as the server sent it, its own too; but for events that came before, which are not given out. */
  readonly message: Message;
  readonly state: StateChange;
  /** At most once a turn of the event loop. */
  readonly counters: Counters;
  readonly connected: PayloadOf<'CONNECTED'>;
  readonly replay: ReplayNotice;
  readonly dropped: PayloadOf<'MESSAGES_DROPPED'>;
  /** The filters now in force. */
  readonly filters: Filters;
  readonly draining: PayloadOf<'SERVER_DRAINING'>;
  readonly token_expiring: PayloadOf<'TOKEN_EXPIRING'>;
  /** The server did not do as it was asked. The connection stays. */
  readonly refused: PayloadOf<'ERROR'>;
};

type Known = Notices & {
  readonly AGENT_STATUS_CHANGED: StatusEvent;
  readonly PROGRESS_UPDATE: ProgressEvent;
};

/** A notice, or the type of an event, in capitals. */
export type Name = keyof Known | Uppercase<string>;
export type Listened<Listening extends Name> = Listening extends keyof Known ? Known[Listening] : OtherEvent;

type Listener = (value: unknown) => void;

/** What comes out of a connection: to listeners, to `for await`, into the counters. */
export class Outlet {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #readers = new Set<Reader>();
  #counters: Counters = {
    received: 0,
    progress: 0,
    duplicates: 0,
    dropped: 0,
    recovered: 0,
    gaps: 0,
    replays: 0,
    connects: 0,
    reconnects: 0,
    failures: 0,
  };
  #isTelling = false;
  #end: { readonly error: Error | null } | null = null;

  get counters(): Counters {
    return this.#counters;
  }

  on<Listening extends Name>(name: Listening, listener: (value: Listened<Listening>) => void): () => void {
    // A function of its own: the same listener may be added twice, and each is taken back by itself.
    const added: Listener = (value) => listener(value as Listened<Listening>);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(added));
    return () => void listeners.delete(added);
  }

  read(capacity: number): Reader {
    const reader = new Reader(capacity, (left) => this.#readers.delete(left));
    if (this.#end === null) this.#readers.add(reader);
    else reader.end(this.#end.error);
    return reader;
  }

  tell<Listening extends keyof Notices>(name: Listening, value: Notices[Listening]): void {
    this.#emit(name, value);
  }

  give(event: StreamEvent): void {
    this.count(event.kind === 'progress' ? 'progress' : 'received');
    for (const reader of this.#readers) reader.push(event);
    this.#emit(event.type, event);
    this.#emit('event', event);
  }

  gap(gap: Gap): void {
    this.count('gaps');
    for (const reader of this.#readers) reader.push(gap);
    this.#emit('gap', gap);
  }

  count(name: keyof Counters, by = 1): void {
    this.#counters = { ...this.#counters, [name]: this.#counters[name] + by };
    if (this.#isTelling || !this.#listeners.has('counters')) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#emit('counters', this.#counters);
    });
  }

  end(error: Error | null): void {
    this.#end = { error };
    for (const reader of this.#readers) reader.end(error);
    this.#readers.clear();
  }

  #emit(name: string, value: unknown): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(value);
      } catch (error) {
        // As an EventTarget does: it is the page's fault to hear of, and no reason to lose the next event.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
