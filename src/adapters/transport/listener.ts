import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type Problem, problemResponse } from '../../protocol/problems.ts';
import { endWithProblem } from './raw-response.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import type { OnError } from './socket.ts';
import { type UpgradeOptions, Upgrader } from './upgrade.ts';

export type TransportOptions = Omit<UpgradeOptions, 'closeTimeoutMs'> & {
  /** How long a close handshake may take before the connection is cut; 5 seconds when absent. */
  closeTimeoutMs?: number;
  /** How long a client may take to send the head of a request, 10 seconds when absent; the whole gets three times that. */
  headTimeoutMs?: number;
  /** How long a connection may stand still while an answer is due, or is not read; 30 seconds when absent. */
  stallTimeoutMs?: number;
};

export type Address = { host: string; port: number };

/** An HTTP server whose routes may accept WebSockets. The same on Node and Deno. */
export type Transport = {
  /** Starts listening; port 0 picks a free one. Rejects with the system's error where the address cannot be had. */
  listen(address: Address): Promise<Address>;
  /**
   * Stops: WebSockets that are still open are cut off, answers under way get a few seconds to finish. Resolves when
   * every connection is closed.
   */
  close(): Promise<void>;
};

const MAX_HEADER_BYTES = 16 * 1024;
/** Connections that may wait to be accepted: a crowd that comes back at once. The kernel cuts it to its own most (somaxconn). */
const BACKLOG = 4_096;
// Longer than a load balancer keeps an idle connection, so that it is never the one surprised by the close.
const KEEP_ALIVE_MS = 65_000;
/**
 * How long requests are still taken at the end, in ms: some may be on their way. In pieces: where the loop stands still,
 * a timer that is due comes before what has arrived meanwhile, which then has the other pieces to be accepted and read.
 */
const LINGER_MS = 100;
const LINGER_PIECES = 10;
const CLOSE_GRACE_MS = 3_000;
/** Most requests of one connection that may wait for their answers. Nobody pipelines so many but to have them held. */
const MAX_UNANSWERED = 128;

/** Builds the transport; `fetch` gets every request, as Hono's `app.fetch` takes it. */
export function createTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}

/** HTTP/1.1 lets a client send several requests at once, and an upgrade behind them. */
type Unanswered = { count: number; whenAnswered: () => void };

class HttpTransport implements Transport {
  readonly #server: Server;
  readonly #upgrader: Upgrader;
  readonly #onError: OnError;
  readonly #answerRequest: ReturnType<typeof getRequestListener>;
  readonly #sockets = new Set<Duplex>();
  /** Connections with requests that are not answered to the end. */
  readonly #unanswered = new WeakMap<Duplex, Unanswered>();
  /** Connections that asked for an upgrade which is not decided. */
  readonly #undecided = new WeakSet<Duplex>();
  #closing: Promise<void> | null = null;

  constructor(options: TransportOptions) {
    const { closeTimeoutMs = 5_000, headTimeoutMs = 10_000, stallTimeoutMs = 30_000 } = options;
    this.#upgrader = new Upgrader({ ...options, closeTimeoutMs });
    this.#answerRequest = requestListener(options);
    this.#server = createServer(httpLimits(headTimeoutMs), (incoming, outgoing) =>
      this.#onRequest(incoming, outgoing),
    );
    // Not for WebSockets: ws takes it off those that it gets.
    this.#server.timeout = stallTimeoutMs;
    this.#server.on('connection', (socket) => this.#onConnection(socket));
    this.#server.on('upgrade', (incoming, socket, head) => this.#onUpgrade(incoming, socket, head));
    this.#server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    this.#onError = options.onError;
  }

  listen({ host, port }: Address): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        // Too many open files, for one, is a fault of a single accept.
        this.#server.on('error', (error) => this.#onError(error, 'listener'));
        const { address, port: chosen } = this.#server.address() as AddressInfo;
        resolve({ host: address, port: chosen });
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (let piece = 0; piece < LINGER_PIECES; piece++) {
      await new Promise((resolve) => setTimeout(resolve, LINGER_MS / LINGER_PIECES));
    }
    await new Promise((resolve) => setImmediate(resolve));
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) {
      if (!this.#unanswered.has(socket) && !this.#undecided.has(socket)) socket.destroy();
    }
    const impatience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(impatience);
  }

  #onConnection(socket: TcpSocket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #onRequest(incoming: IncomingMessage, outgoing: ServerResponse) {
    const { socket } = incoming;
    const unanswered = this.#unanswered.get(socket) ?? { count: 0, whenAnswered: () => {} };
    unanswered.count += 1;
    this.#unanswered.set(socket, unanswered);
    if (unanswered.count > MAX_UNANSWERED) socket.destroy();
    if (socket.destroyed) return;
    outgoing.once('close', () => this.#onAnswered(socket, unanswered));
    // Not on the response: its headers would have to be copied for that, which costs several times as much.
    outgoing.setHeader(REQUEST_ID_HEADER, requestIdOf(incoming.headers));
    void this.#answerRequest(incoming, outgoing);
  }

  #onAnswered(socket: TcpSocket, unanswered: Unanswered) {
    unanswered.count -= 1;
    if (unanswered.count > 0) return;
    this.#unanswered.delete(socket);
    if (this.#server.listening) unanswered.whenAnswered();
    else socket.destroySoon();
  }

  #onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer) {
    const unanswered = this.#unanswered.get(socket);
    const turn = new Promise<void>((resolve) => {
      if (unanswered === undefined) resolve();
      else unanswered.whenAnswered = resolve;
    });
    this.#undecided.add(socket);
    void this.#upgrader.answer({ incoming, socket, head }, turn).then(() => this.#onDecided(socket));
  }

  #onDecided(socket: Duplex) {
    this.#undecided.delete(socket);
    // One that was refused has been ended; one that was opened is cut as the others were.
    if (!this.#server.listening && !socket.writableEnded) socket.destroy();
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex) {
    // Whatever is written while a request is unanswered would be taken for its answer.
    const fault = this.#unanswered.has(socket) ? null : faultOf(error, socket as TcpSocket);
    if (fault === null) socket.destroy();
    else void endWithProblem(socket, fault);
  }
}

function requestListener({ fetch, onError }: Pick<TransportOptions, 'fetch' | 'onError'>) {
  return getRequestListener(
    (request, { incoming, outgoing }) => {
      const requestId = String((outgoing as ServerResponse).getHeader(REQUEST_ID_HEADER));
      return fetch(request, { upgrade: null, remoteAddress: incoming.socket.remoteAddress, requestId });
    },
    {
      // For those that name no host: HTTP/1.0, which is what load balancers check health with.
      hostname: 'localhost',
      errorHandler: (error) => {
        if (error instanceof RequestError)
          return problemResponse({ code: 'bad-request', detail: error.message });
        onError(error, 'route');
        return problemResponse({ code: 'internal-error', detail: 'the request could not be answered' });
      },
    },
  );
}

/** What `node:http` is told, so that a head is cut within `headTimeoutMs`, and a request within three times that. */
export function httpLimits(headTimeoutMs: number) {
  // Who is late is looked for now and then, and so is cut up to one such interval later than the limits say.
  const connectionsCheckingInterval = Math.ceil(headTimeoutMs / 10);
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headTimeoutMs - connectionsCheckingInterval,
    requestTimeout: 3 * headTimeoutMs - connectionsCheckingInterval,
    connectionsCheckingInterval,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

/** What a client did that is not HTTP; null where there is nobody to tell. */
function faultOf({ code }: NodeJS.ErrnoException, socket: TcpSocket): Problem | null {
  switch (code) {
    case 'ECONNRESET':
      return null;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      // Browsers open connections ahead of need: an answer to no request could meet the first one on its way.
      return socket.bytesRead > 0 ? badRequest('the request did not arrive in time') : null;
    case 'HPE_HEADER_OVERFLOW':
      return badRequest(`the request head is larger than ${MAX_HEADER_BYTES} bytes`);
    default:
      return badRequest('this is not an HTTP/1.1 request');
  }
}

function badRequest(detail: string): Problem {
  return { code: 'bad-request', detail };
}
