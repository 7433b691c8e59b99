import { Timer } from './clock.ts';
import type { ConversationOptions } from './conversation.ts';
import { Conversation } from './conversation.ts';
import type { LinkOptions } from './link.ts';
import { Link } from './link.ts';
import type { PayloadOf } from './messages.ts';
import type { Refusal } from './next-step.ts';
import { askWhy, refusalOf } from './refusal.ts';
import { replayAsked } from './stream.ts';
import type { Tokens } from './tokens.ts';
import { isWellFormed } from './well-formed.ts';

export type SessionOptions = Omit<LinkOptions, 'hear'> &
  Pick<ConversationOptions, 'memory' | 'outlet' | 'random' | 'recoverAfterMs' | 'reached'> & {
    readonly tokens: Tokens;
    readonly fetch: typeof globalThis.fetch | null;
    /** Aborts when nobody wants to know any more. */
    readonly closing: AbortSignal;
    /** No replay was asked for. */
    readonly startsLive: boolean;
  };

/** One time with the server: a link, what is said on it, and when to leave. */
export class Session {
  readonly #options: SessionOptions;
  readonly #link: Link;
  readonly #conversation: Conversation;
  readonly #leaving: Timer;
  readonly #renewal: Timer;
  #isOver = false;
  #connectedAt: number | null = null;
  /** When the server wants this client back. */
  #hintAt: number | null = null;

  /** @throws ConnectionEnded as `Link` does */
  constructor(options: SessionOptions) {
    const { memory, clock } = options;
    this.#options = options;
    this.#leaving = new Timer(clock);
    this.#renewal = new Timer(clock);
    memory.stream = replayAsked(memory.stream);
    this.#conversation = new Conversation({
      ...options,
      filters: memory.wanted,
      send: (request) => this.#link.send(request),
      connected: (payload) => this.#connected(payload),
      leaveIn: (milliseconds) => this.#leaveIn(milliseconds),
      tokenExpires: (inMs) => this.#renewWithin(inMs),
    });
    this.#link = new Link({
      ...options,
      hear: (message) => {
        if (!isWellFormed(message, this.#connectedAt !== null)) {
          this.#link.giveUp({ kind: 'garbled', type: message.type });
          return;
        }
        this.#conversation.hear(message);
        // A listener may have closed it in the middle of that.
        if (this.#isOver) this.#stop();
      },
      ended: (ending) => {
        this.#stop();
        options.ended(ending);
      },
    });
  }

  /** Since the server let this client in, in ms. */
  get livedMs(): number {
    return this.#connectedAt === null ? 0 : this.#options.clock.now() - this.#connectedAt;
  }

  /** How long the server wants this client to stay away, still; null where it said nothing. */
  get hintMs(): number | null {
    return this.#hintAt === null ? null : Math.max(0, this.#hintAt - this.#options.clock.now());
  }

  /**
   * Why no connection came about, in the server's words: as the socket knows them, else by asking, where that may be; null
   * where nobody says.
   */
  async whyRefused(mayAsk: boolean): Promise<Refusal | null> {
    const { address, token, fetch, clock, closing, connectTimeoutMs: timeoutMs } = this.#options;
    const { refusedWith } = this.#link;
    if (refusedWith !== null) return refusalOf(refusedWith);
    return mayAsk && fetch !== null ? askWhy({ address, token, fetch, clock, closing, timeoutMs }) : null;
  }

  subscribe(): void {
    // Before that, the answer to the upgrade shows whether they are others than those in the address.
    if (this.#connectedAt !== null) this.#conversation.subscribe();
  }

  /** Ends it; nobody is told. */
  drop(): void {
    this.#stop();
    this.#link.drop();
  }

  #stop(): void {
    this.#isOver = true;
    this.#conversation.stop();
    this.#leaving.stop();
    this.#renewal.stop();
  }

  #connected(payload: PayloadOf<'CONNECTED'>): void {
    const { clock, outlet, tokens, startsLive, reached } = this.#options;
    this.#connectedAt = clock.now();
    tokens.accept();
    if (outlet.counters.connects > 0) outlet.count('reconnects');
    outlet.count('connects');
    this.#link.expectAnotherWithin(payload.heartbeat_interval_ms + payload.heartbeat_timeout_ms);
    if (startsLive) this.#conversation.startLive(payload);
    reached(startsLive ? 'live' : 'replaying');
  }

  #leaveIn(milliseconds: number): void {
    this.#hintAt = this.#options.clock.now() + milliseconds;
    this.#leaving.set(milliseconds, () => this.#leave('the server is going away'));
  }

  /** At a time of its own: tokens that were given out together expire together. */
  #renewWithin(expiresInMs: number): void {
    const { tokens, random } = this.#options;
    if (!tokens.canRenew) return;
    this.#renewal.set((expiresInMs / 2) * random(), () => {
      tokens.prepare().then(
        () => this.#leave('with a fresh token'),
        // The server closes with 4001 when the time has come, and then it is asked for again.
        () => {},
      );
    });
  }

  #leave(why: string): void {
    // What was asked for of the server is asked of the next one.
    this.#stop();
    this.#link.leave(why);
  }
}
