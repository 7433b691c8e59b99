/** The client library of agentcast: `connect` for dashboards, `createPublisher` for workers. No dependency. */
import { Connection } from './connection.ts';
import type { ConnectOptions } from './options.ts';
import type { PublisherOptions } from './publisher/publisher.ts';
import { Publisher } from './publisher/publisher.ts';

/**
 * Connects to a user's stream and stays with it. The connection opens in the next turn of the event loop.
 * @throws TypeError where an option is not usable, or the runtime has no WebSocket and none is given
 */
export const connect = (options: ConnectOptions): Connection => new Connection(options);

/**
 * A publisher for a worker; it needs `fetch` and WebCrypto, and opens nothing before the first event.
 * @throws TypeError where an option is not usable
 */
export const createPublisher = (options: PublisherOptions): Publisher => new Publisher(options);

export type { ClientClock } from './clock.ts';
export type { Connection } from './connection.ts';
export type { EndCode, ProblemDetails, ProblemFault } from './errors.ts';
export { ConnectionEnded } from './errors.ts';
export type * from './events.ts';
export type { Message } from './messages.ts';
export type { ConnectOptions, GetToken, State } from './options.ts';
export type { Counters, Listened, Name, Notices, ReplayNotice, StateChange } from './outlet.ts';
export type { Published } from './publisher/batch.ts';
export type { PublishErrorCode } from './publisher/publish-error.ts';
export { PublishError } from './publisher/publish-error.ts';
export type { Publisher, PublisherOptions } from './publisher/publisher.ts';
export type { ResponseLike, SocketConstructor, SocketEvent, SocketLike } from './socket.ts';
export type { Position } from './stream.ts';
