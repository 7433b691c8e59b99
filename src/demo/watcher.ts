import { setTimeout as wait } from 'node:timers/promises';
import type { Message } from './message-text.ts';
import { eventText } from './message-text.ts';
import { noticeText } from './notice-text.ts';
import type { ReaderPosition } from './position.ts';
import { addressAt, asksForLatest, moved, positionOf } from './position.ts';
import { Reading } from './reading.ts';
import { nextStep } from './reconnection.ts';

export type WatcherOptions = {
  /** `ws://` or `wss://`, with the token and any filters in its query. */
  readonly address: string;
  say(line: string): void;
};

/** Follows a stream and says what it hears, over cuts and restarts, from where it was. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #stopping = new AbortController();
  #position: ReaderPosition | null = null;
  #reading: Reading | null = null;
  #wasConnected = false;
  #failures = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Gives the exit status: 0 where it was stopped, 1 where going on makes no sense. */
  async run(): Promise<0 | 1> {
    while (!this.#stopping.signal.aborted) {
      const ending = await this.#read();
      if (this.#stopping.signal.aborted) break;
      const next = nextStep(ending, {
        wasConnected: this.#wasConnected,
        failures: this.#failures,
        chance: Math.random(),
      });
      this.#failures++;
      if (next.kind === 'stop') {
        this.#notice(next.why);
        return next.status;
      }
      this.#notice(`${next.why}; ${this.#wayOn(next.afterMs)}`);
      await wait(next.afterMs, null, { signal: this.#stopping.signal }).catch(() => {});
    }
    return 0;
  }

  stop(): void {
    this.#stopping.abort();
    this.#reading?.leave();
  }

  #read() {
    const address = addressAt(this.#options.address, this.#position);
    this.#reading = new Reading(address, (message) => this.#hear(message));
    return this.#reading.ended;
  }

  #hear(message: Message): object | null {
    if (message.type === 'CONNECTED') {
      this.#wasConnected = true;
      this.#failures = 0;
      if (asksForLatest(this.#options.address)) this.#position ??= positionOf(message);
    }
    this.#position = moved(this.#position, message);
    const notice = noticeText(message);
    if (notice === undefined) this.#options.say(eventText(message));
    else if (notice !== null) this.#notice(notice);
    if (message.type !== 'PING') return null;
    return { type: 'PONG', payload: { last_sequence_id: this.#position?.sequenceId ?? null } };
  }

  #wayOn(afterMs: number): string {
    const place = this.#position === null ? '' : ` after #${this.#position.sequenceId}`;
    return `going on${place} ${afterMs < 50 ? 'at once' : `in ${(afterMs / 1000).toFixed(1)} s`}`;
  }

  #notice(text: string): void {
    this.#options.say(`-- ${text}`);
  }
}
