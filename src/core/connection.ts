import type { Close } from '../protocol/close-codes.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { ServerMessage } from '../protocol/server-messages.ts';
import { messageFrame } from '../protocol/server-messages.ts';
import { ClientRequests, type ClientRequestsOwner } from './client-requests.ts';
import type { ConnectionContext, ConnectionTicket } from './connection-context.ts';
import { ConnectionWitness } from './connection-witness.ts';
import { Delivery, type DeliveryOwner } from './delivery.ts';
import { typeOfMessage } from './delivery-type.ts';
import type { Feed } from './feed.ts';
import { Outbox } from './outbox.ts';
import type { OutboxOwner } from './outbox-parts.ts';
import type { ConnectionEntry } from './ports/engine.ts';
import type { ConnectionState } from './ports/metrics.ts';
import type { Socket } from './ports/transport.ts';

/** How many messages of the server itself may wait beside the events of one connection. */
const CONTROL_FRAMES = 100;

/** What has no place in the order of events, and is of use only when it comes in time. */
const AHEAD: ReadonlySet<ServerMessage['type']> = new Set([
  'PING',
  'PONG',
  'SERVER_DRAINING',
  'TOKEN_EXPIRING',
]);

/** One accepted WebSocket of one user. */
export class Connection implements OutboxOwner, DeliveryOwner, ClientRequestsOwner {
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
  readonly #requests: ClientRequests;
  #acknowledgedUpTo = 0;
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
    const { filters } = ticket;
    const { clock, metrics } = context;
    const witness = new ConnectionWitness(context, ticket);
    const outbox = new Outbox(context, { socket, witness, owner: this });
    this.#outbox = outbox;
    this.#delivery = new Delivery({ feed, outbox, filters, metrics, clock, witness, owner: this }, feed.end);
    this.#requests = new ClientRequests(this, this.#delivery, this.lastHeard);
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
      lastSequenceId: this.#acknowledgedUpTo,
      isDraining: this.#isDraining,
    };
  }

  get state(): ConnectionState {
    if (this.#isClosed) return 'closing';
    if (this.#isDraining) return 'draining';
    return this.#delivery.isLive ? 'live' : 'catching_up';
  }

  /** Messages that wait to be sent. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  say(message: ServerMessage): void {
    if (this.#isClosed) return;
    const frame = messageFrame(message, this.#context.clock.now());
    const type = typeOfMessage(message.type);
    if (AHEAD.has(message.type)) this.#outbox.pushAhead(frame, type);
    else this.#outbox.push(frame, type);
    // Events are bounded by themselves; a client that asks and asks and reads nothing is bounded here (G6). A page of a
    // replay is no more than the events.
    const most = this.#context.settings.sendBufferSize + CONTROL_FRAMES;
    if (this.#outbox.freeFrames <= most) return;
    // What one turn answers waits for its end, however fast the client reads.
    this.#outbox.flush();
    if (this.#outbox.freeFrames > most) this.close(CLOSE.slowConsumer);
  }

  /** A text frame of the client came. */
  hear(text: string): void {
    if (this.#isClosed) return;
    this.lastHeard = this.#context.clock.elapsed();
    this.lastHeartbeat = this.#context.clock.now();
    this.misses = 0;
    this.#requests.hear(text, this.lastHeard);
  }

  /** The client broke the protocol: it is told how, and closed. */
  refuse(detail: string): void {
    this.#requests.refuse(detail);
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
    this.#outbox.finish();
    this.#socket.close(code, reason);
    this.ended();
  }

  /** The socket is gone, or will be; nothing more is sent. */
  ended(): void {
    this.#isClosed = true;
    this.#delivery.end();
    this.#outbox.clear();
  }

  /** The client takes too little, and nothing more may be shed. */
  overflowed(): void {
    this.close(CLOSE.slowConsumer);
  }

  /** The stream cannot be delivered any further, for a reason that is the server's own. */
  failed(error: unknown): void {
    this.#context.log.error('delivery failed', { connection_id: this.id, error: String(error) });
    this.close(CLOSE.resyncRequired);
  }

  /** The client has everything up to here. */
  acknowledged(sequenceId: number): void {
    if (sequenceId === this.#acknowledgedUpTo) return;
    this.#acknowledgedUpTo = sequenceId;
    this.#context.changed(this);
  }

  /** Other filters are in force. */
  filtered(): void {
    this.#context.changed(this);
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
    for (const task of this.feed.running()) this.#delivery.progress(task, 1);
    if (resumeFrom.kind === 'after') this.#delivery.replay('connected', resumeFrom);
  }
}
