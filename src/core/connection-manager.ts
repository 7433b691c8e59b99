import { Connection } from './connection.ts';
import type { ConnectionContext, ConnectionTicket } from './connection-context.ts';
import type { Feed } from './feed.ts';
import type { Feeds } from './feeds.ts';
import type { Heartbeat } from './heartbeat.ts';
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

type Closing = { readonly code: number; readonly wasClean: boolean; readonly durationMs: number };

/** The connections of this instance, from the accepted upgrade to the end of the socket. */
export class ConnectionManager {
  readonly #options: ConnectionManagerOptions;

  constructor(options: ConnectionManagerOptions) {
    this.#options = options;
  }

  /** Serves one socket: what the transport calls for it. `feed` is given back when the socket has ended. */
  handlers(ticket: ConnectionTicket, feed: Feed): SocketHandlers {
    const { clock } = this.#options.context;
    let connection: Connection | null = null;
    let openedAt = 0;
    return {
      open: (socket) => {
        openedAt = clock.elapsed();
        connection = this.#open(ticket, feed, socket);
      },
      message: (text) => connection?.hear(text),
      binary: () => connection?.refuse('got a binary frame, wanted a text frame'),
      drain: () => connection?.drained(),
      closed: (code, wasClean) => {
        const durationMs = Math.round(clock.elapsed() - openedAt);
        if (connection !== null) this.#closed(connection, { code, wasClean, durationMs });
      },
    };
  }

  #open(ticket: ConnectionTicket, feed: Feed, socket: Socket): Connection {
    const { connections, context, heartbeat, registrar, tokenExpiry } = this.#options;
    const connection = new Connection(context, ticket, { socket, feed });
    connections.set(connection.id, connection);
    feed.receivers.add(connection.receiver);
    heartbeat.add(connection);
    tokenExpiry.add(connection);
    registrar.opened(connection);
    context.metrics.connectionOpened();
    const { userId, address } = ticket;
    context.log.info('connection opened', { connection_id: connection.id, user_id: userId, address });
    return connection;
  }

  #closed(connection: Connection, { code, wasClean, durationMs }: Closing): void {
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
