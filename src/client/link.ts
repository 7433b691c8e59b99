import type { ClientClock } from './clock.ts';
import { Timer } from './clock.ts';
import { ConnectionEnded } from './errors.ts';
import type { Message, Request } from './messages.ts';
import { readMessage } from './messages.ts';
import type { Ending } from './next-step.ts';
import type { ResponseLike, SocketConstructor, SocketLike } from './socket.ts';
import { OPEN } from './socket.ts';

/** How long a closing handshake may take. */
const FAREWELL_MS = 1_000;
const BEARER = 'bearer';
/** What RFC 6455 allows in a subprotocol, and a JWT is made of. */
const SENDABLE = /^[\w.~+-]+$/;

export type LinkOptions = {
  readonly WebSocket: SocketConstructor;
  readonly address: string;
  readonly token: string;
  readonly clock: ClientClock;
  readonly connectTimeoutMs: number;
  hear(message: Message): void;
  /** Called once, and nothing is heard after it. */
  ended(ending: Ending): void;
};

/** One WebSocket, from the attempt to its end. */
export class Link {
  readonly #options: LinkOptions;
  readonly #socket: SocketLike;
  readonly #silence: Timer;
  readonly #farewell: Timer;
  #longestSilenceMs: number | null = null;
  #wasOpen = false;
  #leftFor: string | null = null;
  #isOver = false;
  /** What a runtime that is no browser says of a connection that did not come about. */
  #trouble = '';

  /** @throws ConnectionEnded where this runtime cannot connect with the address or the token */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#silence = new Timer(options.clock);
    this.#farewell = new Timer(options.clock);
    this.#socket = socketOf(options);
    this.#silence.set(options.connectTimeoutMs, () => {
      const why = `no connection within ${options.connectTimeoutMs} ms`;
      this.giveUp({ kind: 'unopened', why, refusal: null });
    });
    this.#listen();
  }

  /** What the upgrade was refused with, where the socket knows it. */
  get refusedWith(): ResponseLike | null {
    return this.#socket.refusedWith ?? null;
  }

  send(request: Request): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(JSON.stringify(request));
  }

  /** A server that is silent for longer is gone, whatever the socket says. */
  expectAnotherWithin(milliseconds: number): void {
    this.#longestSilenceMs = milliseconds;
    this.#watch();
  }

  /** Says goodbye, and ends when it is answered, or soon. Nothing more is heard. */
  leave(why: string): void {
    if (this.#isOver || this.#leftFor !== null) return;
    this.#leftFor = why;
    this.#silence.stop();
    this.#farewell.set(FAREWELL_MS, () => this.giveUp({ kind: 'left', why }));
    this.#socket.close(1000);
  }

  /** The same, and nobody is told of the end. */
  drop(): void {
    this.#over();
    this.#socket.close(1000);
  }

  /** Ends it at once: there is nothing more to hear from such a server. */
  giveUp(ending: Ending): void {
    this.#end(ending);
    this.#cut();
  }

  #listen(): void {
    const { hear } = this.#options;
    this.#socket.addEventListener('open', () => {
      this.#wasOpen = true;
    });
    this.#socket.addEventListener('message', ({ data }) => {
      if (this.#isOver || this.#leftFor !== null) return;
      this.#watch();
      const message = readMessage(data);
      if (message !== null) hear(message);
    });
    // The close that follows says as much as there is to say; where nobody listens, Node would end.
    this.#socket.addEventListener('error', ({ message = '' }) => {
      this.#trouble = message;
    });
    this.#socket.addEventListener('close', ({ code = 1006, reason = '' }) => {
      if (this.#leftFor !== null) this.#end({ kind: 'left', why: this.#leftFor });
      else if (this.#wasOpen) this.#end({ kind: 'closed', code, reason });
      else this.#end({ kind: 'unopened', why: this.#whyUnopened(), refusal: null });
    });
  }

  #whyUnopened(): string {
    return this.#trouble === '' ? 'no connection came about' : `no connection came about: ${this.#trouble}`;
  }

  #watch(): void {
    const forMs = this.#longestSilenceMs;
    if (forMs === null || this.#isOver) return;
    this.#silence.set(forMs, () => this.giveUp({ kind: 'silent', forMs }));
  }

  #cut(): void {
    if (this.#socket.terminate !== undefined) this.#socket.terminate();
    else this.#socket.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#silence.stop();
    this.#farewell.stop();
  }

  #end(ending: Ending): void {
    if (this.#isOver) return;
    this.#over();
    this.#options.ended(ending);
  }
}

/** The token stands in a header, and in no log of addresses. */
function socketOf({ WebSocket, address, token }: LinkOptions): SocketLike {
  if (!SENDABLE.test(token))
    throw new ConnectionEnded('unusable', 'the token is empty or has characters that no JWT has');
  try {
    return new WebSocket(address, [BEARER, token]);
  } catch (error) {
    // By its name alone: what a runtime says may repeat the token. A `ws:` address on an `https:` page, say.
    const name = error instanceof Error ? error.name : 'no WebSocket could be made';
    throw new ConnectionEnded('unusable', `cannot connect: ${name}`);
  }
}
