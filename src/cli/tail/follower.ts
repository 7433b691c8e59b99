import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../../demo/message-text.ts';
import type { ReaderPosition } from '../../demo/position.ts';
import { addressAt, asksForLatest, moved, positionOf } from '../../demo/position.ts';
import { Reading } from '../../demo/reading.ts';
import { type Ending, type Next, nextStep } from '../../demo/reconnection.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import type { TokenSource } from './token-source.ts';

export type FollowerOptions = {
  /** `ws://` or `wss://`, with filters and start in its query. */
  readonly address: string;
  readonly token: TokenSource;
  heard(message: Message): void;
  /** Told of cuts, of ways on, and of the end, in words. */
  notice(text: string): void;
};

/** Follows a stream over cuts, restarts and expired tokens, from where it was. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #stopping = new AbortController();
  #position: ReaderPosition | null = null;
  #reading: Reading | null = null;
  #wasConnected = false;
  #failures = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Gives whether all went well: false where going on makes no sense, after a notice that says why. */
  async run(): Promise<boolean> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const ending = await this.#read();
      if (signal.aborted) break;
      const next = this.#nextAfter(ending);
      this.#failures++;
      if (next.kind === 'stop') {
        this.#options.notice(`${next.why}${remedyFor(ending)}`);
        return next.status === 0;
      }
      this.#options.notice(`${next.why}; ${this.#wayOn(next.afterMs)}`);
      await delay(next.afterMs, undefined, { signal }).catch(() => {});
    }
    return true;
  }

  /** Leaves; nothing more is heard. */
  stop(): void {
    this.#stopping.abort();
    this.#reading?.leave();
  }

  async #read(): Promise<Ending> {
    const { address, token } = this.#options;
    const headers = { authorization: `Bearer ${await token.token()}` };
    this.#reading = new Reading(
      addressAt(address, this.#position),
      (message) => this.#hear(message),
      headers,
    );
    if (this.#stopping.signal.aborted) this.#reading.leave();
    return await this.#reading.ended;
  }

  #nextAfter(ending: Ending): Next {
    // A token that only needs to be a fresh one is no reason to stop for who makes tokens.
    if (isExpiry(ending) && this.#options.token.isFresh && this.#failures === 0) {
      return { kind: 'again', afterMs: 0, why: 'the token has expired, here is a fresh one' };
    }
    const history = { wasConnected: this.#wasConnected, failures: this.#failures, chance: Math.random() };
    return nextStep(ending, history);
  }

  #hear(message: Message): object | null {
    if (this.#stopping.signal.aborted) return null;
    if (message.type === 'CONNECTED') {
      this.#wasConnected = true;
      this.#failures = 0;
      if (asksForLatest(this.#options.address)) this.#position ??= positionOf(message);
    }
    this.#position = moved(this.#position, message);
    this.#options.heard(message);
    if (message.type !== 'PING') return null;
    return { type: 'PONG', payload: { last_sequence_id: this.#position?.sequenceId ?? null } };
  }

  #wayOn(afterMs: number): string {
    const place = this.#position === null ? '' : ` after #${this.#position.sequenceId}`;
    return `going on${place} ${afterMs < 50 ? 'at once' : `in ${(afterMs / 1000).toFixed(1)} s`}`;
  }
}

const isExpiry = (ending: Ending): boolean =>
  ending.kind === 'closed' && ending.code === CLOSE.tokenExpired.code;

/** What to do where there is more to say than the ending says itself. */
function remedyFor(ending: Ending): string {
  if (ending.kind === 'unreachable') return '; does the server run, is --url right?';
  if (ending.kind === 'refused' && ending.status === 401) {
    return '; is the token, or the secret that made it, one of that server?';
  }
  return isExpiry(ending) ? ' in AGENTCAST_TOKEN' : '';
}
