import type { ClientMessage } from '../protocol/client-messages.ts';
import { parseClientMessage } from '../protocol/client-messages.ts';
import type { Close } from '../protocol/close-codes.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { ResumeFrom } from '../protocol/connect-request.ts';
import type { Filters } from '../protocol/filters.ts';
import { without } from '../protocol/filters.ts';
import type { ErrorCode, ServerMessage } from '../protocol/server-messages.ts';
import { messageFrame } from '../protocol/server-messages.ts';
import { Delivery } from './delivery.ts';
import type { Feed } from './feed.ts';
import type { Flusher } from './flusher.ts';
import { Outbox } from './outbox.ts';
import type { Clock } from './ports/clock.ts';
import type { ConnectionEntry } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Socket } from './ports/transport.ts';

/** Who connects, and what for; settled before the upgrade. */
export type ConnectionTicket = {
  readonly connectionId: string;
  readonly userId: string;
  readonly address: string;
  readonly filters: Filters;
  readonly resumeFrom: ResumeFrom;
};

/** What every connection of an instance shares. */
export type ConnectionContext = {
  readonly instanceId: string;
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly log: Log;
  readonly settings: ConnectionSettings;
};

export type ConnectionSettings = {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatMisses: number;
  readonly replayWindowMs: number;
  readonly sendBufferSize: number;
};

/** How many messages of the server itself may wait beside the events of one connection. */
const CONTROL_FRAMES = 100;

/** One accepted WebSocket of one user. */
export class Connection {
  readonly ticket: ConnectionTicket;
  readonly feed: Feed;
  readonly openedAt: number;
  /** When the client was last heard of, by `Clock.elapsed`. */
  lastHeard: number;
  lastHeartbeat: number;
  misses = 0;
  readonly #context: ConnectionContext;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  #acknowledged = 0;
  #isDraining = false;
  #isClosed = false;

  constructor(
    context: ConnectionContext,
    ticket: ConnectionTicket,
    { socket, feed }: { socket: Socket; feed: Feed },
  ) {
    this.ticket = ticket;
    this.feed = feed;
    this.#context = context;
    this.#socket = socket;
    this.openedAt = context.clock.now();
    this.lastHeartbeat = this.openedAt;
    this.lastHeard = context.clock.elapsed();
    this.#outbox = new Outbox(socket, context.flusher);
    this.#delivery = new Delivery(
      {
        feed,
        outbox: this.#outbox,
        filters: ticket.filters,
        sendBufferSize: context.settings.sendBufferSize,
        say: (message) => this.say(message),
        failed: (error) => this.#fail(error),
      },
      feed.end,
    );
    this.#greet();
  }

  get id(): string {
    return this.ticket.connectionId;
  }

  /** What the feed hands events to. */
  get receiver(): Delivery {
    return this.#delivery;
  }

  /** What the registry keeps of it. */
  get entry(): ConnectionEntry {
    return {
      connectionId: this.id,
      userId: this.ticket.userId,
      connectedAt: this.openedAt,
      lastHeartbeat: this.lastHeartbeat,
      filters: this.#delivery.filters,
      lastSequenceId: this.#acknowledged,
      isDraining: this.#isDraining,
    };
  }

  say(message: ServerMessage): void {
    if (this.#isClosed) return;
    this.#outbox.push(messageFrame(message, this.#context.clock.now()));
    // Events stop at the send buffer; a client that asks and asks and reads nothing is bounded here (G6).
    const most = this.#context.settings.sendBufferSize + CONTROL_FRAMES;
    if (this.#outbox.length <= most) return;
    // What one turn answers waits for its end, however fast the client reads.
    this.#outbox.flush();
    if (this.#outbox.length > most) this.close(CLOSE.slowConsumer);
  }

  /** A text frame of the client came. */
  hear(text: string): void {
    if (this.#isClosed) return;
    this.lastHeard = this.#context.clock.elapsed();
    this.lastHeartbeat = this.#context.clock.now();
    this.misses = 0;
    const result = parseClientMessage(text);
    if (result.kind === 'message') this.#obey(result.message);
    else if (result.kind === 'invalid_filters') this.#complain('invalid_filters', result.detail);
    else this.refuse(result.detail);
  }

  /** The client broke the protocol: it is told how, and closed. */
  refuse(detail: string): void {
    this.#complain('invalid_message', detail);
    this.close(CLOSE.invalidMessage);
  }

  /** The socket can take more. */
  drained(): void {
    this.#outbox.flush();
  }

  /** The instance is going: the client is told when to leave. */
  drain(reconnectAfterMs: number, deadlineMs: number): void {
    this.#isDraining = true;
    const payload = { reconnect_after_ms: reconnectAfterMs, deadline_ms: deadlineMs };
    this.say({ type: 'SERVER_DRAINING', payload });
  }

  /** Closes behind what the socket still takes. */
  close({ code, reason }: Close): void {
    if (this.#isClosed) return;
    this.#outbox.flush();
    this.#socket.close(code, reason);
    this.ended();
  }

  /** The socket is gone, or will be; nothing more is sent. */
  ended(): void {
    this.#isClosed = true;
    this.#delivery.end();
    this.#outbox.clear();
  }

  #greet(): void {
    const { settings, instanceId } = this.#context;
    const { resumeFrom, userId, connectionId, filters } = this.ticket;
    this.say({
      type: 'CONNECTED',
      payload: {
        connection_id: connectionId,
        instance_id: instanceId,
        user_id: userId,
        epoch: this.feed.end.epoch,
        sequence_id: this.feed.end.sequenceId,
        heartbeat_interval_ms: settings.heartbeatIntervalMs,
        heartbeat_timeout_ms: settings.heartbeatTimeoutMs,
        replay_window_ms: settings.replayWindowMs,
        filters,
      },
    });
    if (resumeFrom.kind === 'after') this.#delivery.replay('connected', resumeFrom);
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case 'PONG':
        this.#acknowledged = message.lastSequenceId ?? this.#acknowledged;
        break;
      case 'PING':
        this.say({ type: 'PONG', payload: {} });
        break;
      case 'SUBSCRIBE':
        this.#filter(message.filters);
        if (message.lastSequenceId !== null) this.#replay(message.lastSequenceId, message.epoch);
        break;
      case 'UNSUBSCRIBE':
        this.#filter(without(this.#delivery.filters, message.filters));
        break;
      case 'REPLAY':
        this.#replay(message.lastSequenceId, message.epoch);
        break;
    }
  }

  #filter(filters: Filters): void {
    this.#delivery.filters = filters;
    this.say({ type: 'FILTERS_UPDATED', payload: { filters } });
  }

  #replay(sequenceId: number, epoch: string | null): void {
    this.#delivery.replay('requested', { sequenceId, epoch });
  }

  #complain(code: ErrorCode, message: string): void {
    this.say({ type: 'ERROR', payload: { code, message } });
  }

  #fail(error: unknown): void {
    this.#context.log.error('delivery failed', { connection_id: this.id, error: String(error) });
    this.close(CLOSE.resyncRequired);
  }
}
