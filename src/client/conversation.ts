import type { Filters } from '../protocol/filters.ts';
import type { ServerMessage } from '../protocol/server-messages.ts';
import type { ClientClock } from './clock.ts';
import type { Gap, OtherEvent, ProgressEvent, StatusEvent } from './events.ts';
import type { Message, PayloadOf, Request } from './messages.ts';
import type { Outlet } from './outlet.ts';
import type { Range } from './ranges.ts';
import { Recoverer } from './recoverer.ts';
import type { Recovery } from './recovery.ts';
import { Requests } from './requests.ts';
import type { Stream } from './stream.ts';
import {
  eventCame,
  eventsDropped,
  positionOf,
  replayAsked,
  replayEnded,
  replayStarted,
  startedLive,
} from './stream.ts';

/** What lasts over connections. */
export type Memory = {
  stream: Stream;
  recovery: Recovery;
  /** The filters to have. */
  wanted: Filters;
  /** Those that the server has. */
  inForce: Filters;
};

export type ConversationOptions = {
  readonly memory: Memory;
  readonly outlet: Outlet;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly recoverAfterMs: number;
  /** The filters that stood in the address. */
  readonly filters: Filters;
  send(request: Request): void;
  /** The first message. */
  connected(payload: PayloadOf<'CONNECTED'>): void;
  /** The stream is being replayed, or live. */
  reached(state: 'replaying' | 'live'): void;
  leaveIn(milliseconds: number): void;
  tokenExpires(inMs: number): void;
};

type Handlers = { readonly [Type in ServerMessage['type']]: (payload: PayloadOf<Type>) => void };

/** What is heard and said on one connection, and what comes of it for the client's place in its stream. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #requests: Requests;
  readonly #recoverer: Recoverer;
  readonly #handlers: Handlers = {
    CONNECTED: (payload) => this.#connected(payload),
    REPLAY_START: (payload) => this.#replayStarts(payload),
    REPLAY_END: (payload) => this.#replayEnds(payload),
    PING: () => this.#pong(),
    PONG: () => {},
    FILTERS_UPDATED: ({ filters }) => this.#filtered(filters),
    MESSAGES_DROPPED: (payload) => this.#dropped(payload),
    SERVER_DRAINING: (payload) => {
      this.#options.outlet.tell('draining', payload);
      this.#options.leaveIn(payload.reconnect_after_ms);
    },
    TOKEN_EXPIRING: (payload) => {
      this.#options.outlet.tell('token_expiring', payload);
      this.#options.tokenExpires(payload.expires_in_ms);
    },
    ERROR: (payload) => this.#refused(payload),
  };

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#requests = new Requests(options.clock, (kind) => this.#ask(kind));
    this.#recoverer = new Recoverer(options, () => this.#requests.ask('REPLAY'));
  }

  hear(message: Message): void {
    const { type, sequence_id: sequenceId } = message;
    if (typeof sequenceId === 'number') {
      this.#event(message, sequenceId);
      return;
    }
    const { outlet } = this.#options;
    outlet.tell('message', message);
    if (type === 'PROGRESS_UPDATE') outlet.give({ ...message, kind: 'progress' } as unknown as ProgressEvent);
    else if (Object.hasOwn(this.#handlers, type))
      (this.#handlers[type as ServerMessage['type']] as (payload: unknown) => void)(message.payload);
  }

  /** The filters to have are others now. */
  subscribe(): void {
    this.#requests.ask('SUBSCRIBE');
  }

  stop(): void {
    this.#requests.stop();
    this.#recoverer.stop();
  }

  get #memory(): Memory {
    return this.#options.memory;
  }

  #connected(payload: PayloadOf<'CONNECTED'>): void {
    const { memory, filters, outlet } = this.#options;
    memory.inForce = payload.filters;
    outlet.tell('connected', payload);
    this.#options.connected(payload);
    if (memory.wanted !== filters) this.subscribe();
  }

  /** CONNECTED of a connection that gets no replay. */
  startLive({ epoch, sequence_id }: PayloadOf<'CONNECTED'>): void {
    this.#memory.stream = startedLive(epoch, sequence_id);
  }

  #replayStarts(payload: PayloadOf<'REPLAY_START'>): void {
    const { outlet } = this.#options;
    if (payload.reason === 'requested') this.#requests.answered('REPLAY');
    const { stream, gaps } = replayStarted(this.#memory.stream, payload);
    this.#memory.stream = stream;
    outlet.count('replays');
    outlet.tell('replay', { phase: 'start', ...payload });
    this.#options.reached('replaying');
    if (payload.missing !== null) this.#gaps(gaps, payload.missing.reason);
  }

  #replayEnds(payload: PayloadOf<'REPLAY_END'>): void {
    this.#memory.stream = replayEnded(this.#memory.stream, payload.sequence_id);
    this.#options.outlet.tell('replay', { phase: 'end', ...payload });
    this.#options.reached('live');
    this.#recoverer.plan();
  }

  #event(message: Message, sequenceId: number): void {
    const { outlet } = this.#options;
    const { stream, delivery } = eventCame(this.#memory.stream, sequenceId);
    this.#memory.stream = stream;
    if (delivery === null) {
      outlet.count('duplicates');
      return;
    }
    if (delivery === 'recovered') outlet.count('recovered');
    outlet.tell('message', message);
    const kind = message.type === 'AGENT_STATUS_CHANGED' ? 'status' : 'other';
    // The server checked what it let in; a client does not check it again.
    outlet.give({ ...message, kind, epoch: stream.epoch ?? '', delivery } as unknown as
      | StatusEvent
      | OtherEvent);
  }

  #dropped(payload: PayloadOf<'MESSAGES_DROPPED'>): void {
    const { outlet } = this.#options;
    const range = { from: payload.from_sequence_id, to: payload.to_sequence_id };
    const { stream, gaps } = eventsDropped(this.#memory.stream, range, payload.recoverable);
    this.#memory.stream = stream;
    outlet.count('dropped', payload.count);
    outlet.tell('dropped', payload);
    this.#gaps(gaps, payload.reason);
    if (payload.recoverable) this.#recoverer.shed();
  }

  #ask(kind: 'SUBSCRIBE' | 'REPLAY'): void {
    const { memory, send } = this.#options;
    if (kind === 'SUBSCRIBE') {
      send({ type: kind, payload: memory.wanted });
      return;
    }
    memory.stream = replayAsked(memory.stream);
    const { epoch = '', sequenceId = 0 } = positionOf(memory.stream) ?? {};
    send({ type: kind, payload: { last_sequence_id: sequenceId, epoch } });
  }

  #filtered(filters: Filters): void {
    this.#memory.inForce = filters;
    this.#options.outlet.tell('filters', filters);
    this.#requests.answered('SUBSCRIBE');
  }

  #refused(payload: PayloadOf<'ERROR'>): void {
    if (payload.code === 'rate_limited') {
      this.#requests.tooSoon(payload.retry_after_ms ?? 0);
      return;
    }
    if (payload.code === 'invalid_filters') {
      this.#memory.wanted = this.#memory.inForce;
      this.#requests.answered('SUBSCRIBE');
    }
    this.#options.outlet.tell('refused', payload);
  }

  #pong(): void {
    const position = positionOf(this.#memory.stream);
    const payload = position === null ? {} : { last_sequence_id: position.sequenceId };
    this.#options.send({ type: 'PONG', payload });
  }

  #gaps(ranges: readonly Range[], reason: Gap['reason']): void {
    for (const { from, to } of ranges) {
      const epoch = this.#memory.stream.epoch ?? '';
      this.#options.outlet.gap({ kind: 'gap', reason, epoch, from_sequence_id: from, to_sequence_id: to });
    }
  }
}
