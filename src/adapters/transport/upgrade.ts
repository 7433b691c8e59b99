import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Bindings, UpgradeAcceptance } from '../../core/ports/transport.ts';
import { type Problem, problemResponse } from '../../protocol/problems.ts';
import { Decision, whileConnected } from './decision.ts';
import { asksForWebSocket, faultOf, toRequest } from './handshake.ts';
import { type Answer, endWith, endWithProblem, readAnswer } from './raw-response.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import { type OnError, openSocket } from './socket.ts';

export type UpgradeOptions = {
  fetch: (request: Request, env: Bindings) => Response | Promise<Response>;
  /** Largest message a client may send, in bytes; a longer one closes with 1009. */
  maxMessageBytes: number;
  /** How long a route may take to decide on an upgrade; then the client gets 503. */
  handshakeTimeoutMs: number;
  /** How long a close handshake may take before the connection is cut. */
  closeTimeoutMs: number;
  onError: OnError;
};

type Asked = { incoming: IncomingMessage; socket: Duplex; head: Buffer };

// A message needs a few frames at most; each one held costs more than it carries when they are tiny.
const MAX_FRAGMENTS = 128;

/**
 * A client that begins to listen when it hears that the socket is open loses what comes in the same read as the answer, and
 * k6 2.2.0 can lose it whenever it listens. Until then, what is sent is gathered; it leaves in one write.
 */
const FIRST_FRAMES_AFTER_MS = 2;

const ignore = () => {};

/** Answers every request with an Upgrade header: the route decides, ws upgrades. */
export class Upgrader {
  readonly #options: UpgradeOptions;
  readonly #wss: WebSocketServer;
  /** What the request is called, and the subprotocol, of the upgrade that ws is carrying out. */
  readonly #opening = new WeakMap<IncomingMessage, { requestId: string; protocol: string | null }>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#wss = new WebSocketServer(this.#wsOptions());
    // The few handshake faults that `faultOf` leaves to ws.
    this.#wss.on('wsClientError', ({ message: detail }, socket, incoming) => {
      const requestId = this.#opening.get(incoming)?.requestId ?? requestIdOf(incoming.headers);
      void endWithProblem(socket, named({ code: 'bad-request', detail }, requestId));
    });
  }

  /** Answers once its `turn` has come: the requests before it on this connection are answered. Never rejects. */
  async answer(asked: Asked, turn: Promise<void>): Promise<void> {
    const { incoming, socket } = asked;
    // A reset without a listener would end the process.
    socket.on('error', ignore);
    await turn;
    if (socket.destroyed) return;
    const requestId = requestIdOf(incoming.headers);
    const request = faultOf(incoming) ?? toRequest(incoming) ?? MALFORMED_TARGET;
    if (!(request instanceof Request)) return endWithProblem(socket, named(request, requestId));
    const decision = new Decision(this.#options.onError);
    const upgrade = asksForWebSocket(incoming) ? decision : null;
    const env = { upgrade, remoteAddress: incoming.socket.remoteAddress, requestId };
    const answer = await whileConnected(socket, this.#options.handshakeTimeoutMs, this.#ask(request, env));
    if (typeof answer === 'string') decision.abandon();
    await this.#carryOut(asked, decision, answer === 'late' ? await this.#late(requestId) : answer);
  }

  async #carryOut(asked: Asked, decision: Decision, answer: Answer | 'gone'): Promise<void> {
    const { incoming, socket } = asked;
    const { acceptance } = decision;
    if (typeof answer !== 'string' && answer.status < 400 && acceptance !== null) {
      const requestId = String(answer.headers.get(REQUEST_ID_HEADER));
      this.#opening.set(incoming, { requestId, protocol: acceptance.protocol });
      return this.#open(asked, decision, acceptance.handlers);
    }
    decision.abandon();
    if (answer === 'gone') return;
    endWith(socket, answer, { omitBody: incoming.method === 'HEAD' });
  }

  async #ask(request: Request, env: Bindings): Promise<Answer> {
    const answer = await readAnswer(await this.#respond(request, env));
    answer.headers.set(REQUEST_ID_HEADER, env.requestId);
    return answer;
  }

  async #respond(request: Request, env: Bindings): Promise<Response> {
    try {
      return await this.#options.fetch(request, env);
    } catch (error) {
      this.#options.onError(error, 'upgrade route');
      return problemResponse({ code: 'internal-error', detail: 'the request could not be answered' });
    }
  }

  #late(requestId: string): Promise<Answer> {
    return readAnswer(problemResponse(named(tooLate(this.#options.handshakeTimeoutMs), requestId)));
  }

  #open(
    { incoming, socket, head }: Asked,
    decision: Decision,
    handlers: UpgradeAcceptance['handlers'],
  ): void {
    // ws runs the callback at once or never.
    this.#wss.handleUpgrade(incoming, socket, head, (ws) => {
      decision.settle();
      socket.off('error', ignore);
      // Behind the answer, which ws has just written.
      socket.cork();
      setTimeout(() => socket.uncork(), FIRST_FRAMES_AFTER_MS);
      openSocket(ws, socket, { handlers, onError: this.#options.onError });
    });
    decision.abandon();
  }

  #wsOptions(): ServerOptions & { closeTimeout: number } {
    const { maxMessageBytes, closeTimeoutMs } = this.#options;
    return {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // One message a turn: a client that floods must not keep the others from theirs.
      allowSynchronousEvents: false,
      maxPayload: maxMessageBytes,
      maxFragments: MAX_FRAGMENTS,
      // One part of a message is what one read gave: 64 bytes on average is less than any honest network delivers.
      maxBufferedChunks: Math.max(1024, Math.ceil(maxMessageBytes / 64)),
      closeTimeout: closeTimeoutMs,
      // Without it ws would echo the first subprotocol offered, which may be a token.
      handleProtocols: (offered, incoming) => {
        const protocol = this.#opening.get(incoming)?.protocol ?? null;
        return protocol !== null && offered.has(protocol) ? protocol : false;
      },
    };
  }
}

const MALFORMED_TARGET: Problem = { code: 'bad-request', detail: 'malformed request target' };

const tooLate = (limitMs: number): Problem => ({
  code: 'engine-unavailable',
  detail: `the upgrade was not decided within ${limitMs} ms`,
  retryAfterMs: 1000,
});

const named = (problem: Problem, requestId: string): Problem => ({
  ...problem,
  headers: { ...problem.headers, [REQUEST_ID_HEADER]: requestId },
});
