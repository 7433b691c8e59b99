import type { Filters } from '../protocol/filters.ts';
import { attemptAddress } from './address.ts';
import { onAwakening } from './awakening.ts';
import { Timer } from './clock.ts';
import type { Memory } from './conversation.ts';
import { ConnectionEnded } from './errors.ts';
import type { StreamItem } from './events.ts';
import { checkedFilters } from './filters.ts';
import type { Ending } from './next-step.ts';
import { nextStep } from './next-step.ts';
import type { ConnectOptions, State } from './options.ts';
import type { Counters, Listened, Name, StateChange } from './outlet.ts';
import { Outlet } from './outlet.ts';
import { NO_RECOVERY } from './recovery.ts';
import { Session } from './session.ts';
import type { Settings } from './settings.ts';
import { settingsOf } from './settings.ts';
import type { Position } from './stream.ts';
import { newStream, positionOf } from './stream.ts';

/** A connection that held for so long was no failure. */
const STABLE_MS = 5_000;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A dashboard's connection to its stream, over cuts, restarts and token changes. Get one from `connect`. */
export class Connection implements AsyncIterable<StreamItem> {
  /** Resolves once it is closed for good: null where it was meant to, else why. Never rejects. */
  readonly ended: Promise<ConnectionEnded | null>;
  readonly #settings: Settings;
  readonly #signal: AbortSignal | undefined;
  readonly #outlet = new Outlet();
  readonly #memory: Memory;
  readonly #waiting: Timer;
  #session: Session | null = null;
  #state: State = 'connecting';
  #failures = 0;
  /** Connections in a row that were left before they had held for long. */
  #earlyLeaves = 0;
  readonly #closing = new AbortController();
  /** Of the wait that lasts: the server asked for it. */
  #isAskedToWait = false;
  #settle: (error: ConnectionEnded | null) => void = () => {};
  readonly #abort = (): void => this.close();
  readonly #ignoreAwakening: () => void;

  /** @throws TypeError where an option is not usable */
  constructor(options: ConnectOptions) {
    const settings = settingsOf(options);
    const { filters } = settings;
    this.#settings = settings;
    this.#memory = {
      stream: newStream(settings.from),
      recovery: NO_RECOVERY,
      wanted: filters,
      inForce: filters,
    };
    this.#waiting = new Timer(settings.clock);
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#abort);
    this.#ignoreAwakening = onAwakening(() => {
      if (!this.#isAskedToWait) this.retryNow();
    });
    // In the next turn, so that whoever listens hears of everything.
    this.#waiting.set(0, () => void this.#attempt());
    if (this.#signal?.aborted === true) this.close();
  }

  get state(): State {
    return this.#state;
  }

  get counters(): Counters {
    return this.#outlet.counters;
  }

  /** Up to where everything was given out; null before the stream is known. Good as `resumeFrom`. */
  get position(): Position | null {
    return positionOf(this.#memory.stream);
  }

  /** The filters asked for last. */
  get filters(): Filters {
    return this.#memory.wanted;
  }

  /** Listens to a notice or to events of a type, in capitals. What it gives ends that. */
  on<Listening extends Name>(name: Listening, listener: (value: Listened<Listening>) => void): () => void {
    return this.#outlet.on(name, listener);
  }

  /** Events and gaps from now on. Ends when the connection is closed, and throws its error. */
  [Symbol.asyncIterator](): AsyncIterableIterator<StreamItem, undefined> {
    return this.#outlet.read(this.#settings.bufferSize);
  }

  /**
   * Replaces the filters, for what comes from now on; the notice `filters` says that they are in force.
   * @throws TypeError where they are not valid; those before stay
   */
  subscribe(filters: Partial<Filters>): void {
    this.#memory.wanted = checkedFilters(filters);
    this.#session?.subscribe();
  }

  /**
   * Tries again at once where it waits, even where the server asked for that wait: for a button. By itself it does so when a
   * browser comes online or a page into view, but for waits that the server asked for.
   */
  retryNow(): void {
    if (this.#state !== 'waiting') return;
    this.#waiting.stop();
    void this.#attempt();
  }

  /** Ends it for good. */
  close(): void {
    this.#close(null, null);
  }

  async #attempt(): Promise<void> {
    this.#become('connecting');
    let token: string;
    try {
      token = await this.#settings.tokens.take();
    } catch (error) {
      this.#next({ kind: 'unopened', why: `no token: ${messageOf(error)}`, refusal: null });
      return;
    }
    if (this.#state === 'closed') return;
    try {
      this.#open(token);
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      this.#close(error, error.message);
    }
  }

  #open(token: string): void {
    const { endpoint, startsLatest } = this.#settings;
    const from = this.position ?? (startsLatest ? 'latest' : null);
    const address = attemptAddress(endpoint, this.#memory.wanted, from);
    this.#session = new Session({
      ...this.#settings,
      address,
      token,
      startsLive: from === 'latest',
      memory: this.#memory,
      outlet: this.#outlet,
      closing: this.#closing.signal,
      reached: (state) => this.#become(state),
      ended: (ending) => void this.#over(ending),
    });
  }

  async #over(ending: Ending): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session !== null && session.livedMs >= STABLE_MS) {
      this.#failures = 0;
      this.#earlyLeaves = 0;
    }
    // Asked at every second failure in a row: one alone is mostly a server on its way down or up.
    const mayAsk = this.#failures % 2 === 1;
    const refusal = ending.kind === 'unopened' ? ((await session?.whyRefused(mayAsk)) ?? null) : null;
    this.#next(refusal === null ? ending : { kind: 'unopened', why: '', refusal }, session?.hintMs ?? null);
  }

  #next(ending: Ending, hintMs: number | null = null): void {
    if (this.#state === 'closed') return;
    const wasRefused = ending.kind === 'unopened' && ending.refusal !== null;
    const next = nextStep(ending, {
      failures: ending.kind === 'left' ? this.#earlyLeaves++ : this.#failures,
      chance: this.#settings.random(),
      backoff: this.#settings.backoff,
      hintMs,
      canRenew: wasRefused ? this.#settings.tokens.canRenewRefused : this.#settings.tokens.canRenew,
    });
    if (next.kind === 'stop') {
      this.#close(next.error, next.why);
      return;
    }
    if (next.needsFreshToken) this.#settings.tokens.refuse();
    if (ending.kind !== 'left') this.#fail();
    this.#isAskedToWait = next.isAskedFor;
    const status = ending.kind === 'unopened' ? (ending.refusal?.status ?? null) : null;
    this.#become('waiting', { why: next.why, retryInMs: Math.ceil(next.afterMs), status });
    // A listener may have closed it.
    if (this.#state === 'waiting') this.#waiting.set(next.afterMs, () => void this.#attempt());
  }

  #fail(): void {
    this.#failures++;
    this.#outlet.count('failures');
  }

  #close(error: ConnectionEnded | null, why: string | null): void {
    if (this.#state === 'closed') return;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#ignoreAwakening();
    this.#waiting.stop();
    this.#settings.tokens.stop();
    this.#closing.abort();
    this.#session?.drop();
    this.#session = null;
    this.#become('closed', { why, error });
    this.#outlet.end(error);
    this.#settle(error);
  }

  #become(state: State, details: Partial<Omit<StateChange, 'state' | 'previous'>> = {}): void {
    const previous = this.#state;
    // A listener may have closed it in the middle of something.
    if (state === previous || previous === 'closed') return;
    this.#state = state;
    const nothing = { why: null, retryInMs: null, status: null, error: null };
    this.#outlet.tell('state', { state, previous, ...nothing, ...details });
  }
}
