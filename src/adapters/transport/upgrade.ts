import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Bindings, UpgradeAcceptance } from '../../core/ports/transport.ts';
import { problemResponse } from '../../protocol/problems.ts';
import { Decision, type Interruption, whileConnected } from './decision.ts';
import { asksForWebSocket, faultOf, toRequest } from './handshake.ts';
import { type Answer, endWith, endWithProblem, readAnswer } from './raw-response.ts';
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

const ignore = () => {};

/** Answers every request with an Upgrade header: the route decides, ws upgrades. */
export class Upgrader {
  readonly #options: UpgradeOptions;
  readonly #wss: WebSocketServer;
  /** The subprotocol of the upgrade that ws is carrying out. */
  readonly #protocols = new WeakMap<IncomingMessage, string | null>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#wss = new WebSocketServer(this.#wsOptions());
    // The few handshake faults that `faultOf` leaves to ws.
    this.#wss.on('wsClientError', (error, socket) => {
      void endWithProblem(socket, { code: 'bad-request', detail: error.message });
    });
  }

  /** Answers once its `turn` has come: the requests before it on this connection are answered. Never rejects. */
  async answer(asked: Asked, turn: Promise<void>): Promise<void> {
    const { incoming, socket } = asked;
    // A reset without a listener would end the process.
    socket.on('error', ignore);
    await turn;
    if (socket.destroyed) return;
    const fault = faultOf(incoming);
    if (fault !== null) return endWithProblem(socket, fault);
    const abort = new AbortController();
    const request = toRequest(incoming, abort.signal);
    if (request === null)
      return endWithProblem(socket, { code: 'bad-request', detail: 'malformed request target' });
    const decision = new Decision(this.#options.onError);
    const upgrade = asksForWebSocket(incoming) ? decision : null;
    const asking = this.#ask(request, { upgrade, remoteAddress: incoming.socket.remoteAddress });
    const answer = await whileConnected(socket, this.#options.handshakeTimeoutMs, asking);
    if (typeof answer === 'string') abort.abort(answer);
    await this.#carryOut(asked, decision, answer);
  }

  async #carryOut(asked: Asked, decision: Decision, answer: Answer | Interruption): Promise<void> {
    const { incoming, socket } = asked;
    if (typeof answer !== 'string' && answer.status < 400 && decision.acceptance !== null) {
      return this.#open(asked, decision, decision.acceptance);
    }
    decision.abandon();
    if (answer === 'gone') return;
    if (answer === 'late') return endWithProblem(socket, tooLate(this.#options.handshakeTimeoutMs));
    endWith(socket, answer, { omitBody: incoming.method === 'HEAD' });
  }

  async #ask(request: Request, env: Bindings): Promise<Answer> {
    try {
      return await readAnswer(await this.#options.fetch(request, env));
    } catch (error) {
      this.#options.onError(error, 'upgrade route');
      return readAnswer(
        problemResponse({ code: 'internal-error', detail: 'the request could not be answered' }),
      );
    }
  }

  #open(
    { incoming, socket, head }: Asked,
    decision: Decision,
    { protocol, handlers }: UpgradeAcceptance,
  ): void {
    this.#protocols.set(incoming, protocol);
    // ws runs the callback at once or never.
    this.#wss.handleUpgrade(incoming, socket, head, (ws) => {
      decision.settle();
      socket.off('error', ignore);
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
        const protocol = this.#protocols.get(incoming) ?? null;
        return protocol !== null && offered.has(protocol) ? protocol : false;
      },
    };
  }
}

function tooLate(limitMs: number) {
  return {
    code: 'engine-unavailable',
    detail: `the upgrade was not decided within ${limitMs} ms`,
    retryAfterMs: 1000,
  } as const;
}
