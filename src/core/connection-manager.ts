import { Connection } from './connection.ts';
import type { ConnectionContext, ConnectionTicket } from './connection-context.ts';
import type { Feed } from './feed.ts';
import type { Feeds } from './feeds.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Clock } from './ports/clock.ts';
import type { Socket, SocketHandlers } from './ports/transport.ts';
import type { Registrar } from './registrar.ts';
import type { TokenExpiry } from './token-expiry.ts';

export type ConnectionManagerOptions = {
  readonly context: ConnectionContext;
  readonly connections: Map<string, Connection>;
  readonly feeds: Feeds;
  readonly heartbeat: Heartbeat;
  readonly tokenExpiry: TokenExpiry;
  readonly registrar: Registrar;
};

/** One that is about to be opened. */
export type Admitted = {
  readonly ticket: ConnectionTicket;
  /** Given back when the socket has ended. */
  readonly feed: Feed;
  /** Told once, when it opens. */
  opened(): void;
};

type Closing = { readonly code: number; readonly wasClean: boolean; readonly durationMs: number };

/** The connections of this instance, from the accepted upgrade to the end of the socket. */
export class ConnectionManager {
  readonly #options: ConnectionManagerOptions;

  constructor(options: ConnectionManagerOptions) {
    this.#options = options;
  }

  /** Serves one socket: what the transport calls for it. */
  handlers(admitted: Admitted): SocketHandlers {
    return new Visit(this, this.#options.context.clock, admitted);
  }

  open({ ticket, feed }: Admitted, socket: Socket): Connection {
    const { connections, context, heartbeat, registrar, tokenExpiry } = this.#options;
    const connection = new Connection(context, ticket, { socket, feed });
    connections.set(connection.id, connection);
    feed.receivers.add(connection.receiver);
    heartbeat.add(connection);
    tokenExpiry.add(connection);
    registrar.opened(connection);
    context.metrics.connectionOpened();
    const { userId, address, requestId } = ticket;
    context.log.info('connection opened', {
      connection_id: connection.id,
      request_id: requestId,
      user_id: userId,
      address,
    });
    return connection;
  }

  closed(connection: Connection, { code, wasClean, durationMs }: Closing): void {
    const { connections, context, feeds, heartbeat, registrar, tokenExpiry } = this.#options;
    const { userId, address } = connection.ticket;
    connection.ended();
    connections.delete(connection.id);
    heartbeat.delete(connection);
    tokenExpiry.delete(connection);
    connection.feed.receivers.delete(connection.receiver);
    feeds.release(userId);
    registrar.closed(connection);
    context.metrics.connectionClosed(code, durationMs / 1_000);
    context.log.info('connection closed', {
      connection_id: connection.id,
      user_id: userId,
      address,
      code,
      was_clean: wasClean,
      duration_ms: durationMs,
    });
  }
}

/** One socket, as the transport sees it. */
class Visit implements SocketHandlers {
  readonly #manager: ConnectionManager;
  readonly #clock: Clock;
  /** Until it opens: an open connection needs nothing of its admission. */
  #admitted: Admitted | null;
  #connection: Connection | null = null;
  #openedAt = 0;

  constructor(manager: ConnectionManager, clock: Clock, admitted: Admitted) {
    this.#manager = manager;
    this.#clock = clock;
    this.#admitted = admitted;
  }

  open(socket: Socket): void {
    const admitted = this.#admitted;
    if (admitted === null) return;
    this.#admitted = null;
    admitted.opened();
    this.#openedAt = this.#clock.elapsed();
    this.#connection = this.#manager.open(admitted, socket);
  }

  message(text: string): void {
    this.#connection?.hear(text);
  }

  binary(): void {
    this.#connection?.refuse('got a binary frame, wanted a text frame');
  }

  drain(): void {
    this.#connection?.drained();
  }

  closed(code: number, wasClean: boolean): void {
    const durationMs = Math.round(this.#clock.elapsed() - this.#openedAt);
    if (this.#connection !== null) this.#manager.closed(this.#connection, { code, wasClean, durationMs });
  }
}
