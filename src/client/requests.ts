import type { ClientClock } from './clock.ts';
import { Timer } from './clock.ts';

/** The server takes ten requests a second (contract §4); a little less leaves room for how links bunch them. */
const SPACING_MS = 125;

type Kind = 'SUBSCRIBE' | 'REPLAY';
type Standing = { isDue: boolean; isOut: boolean };

/** What is asked of the server on one connection: each thing once at a time, and no faster than it takes them. */
export class Requests {
  readonly #clock: ClientClock;
  readonly #send: (kind: Kind) => void;
  readonly #pause: Timer;
  readonly #standing: Readonly<Record<Kind, Standing>> = {
    SUBSCRIBE: { isDue: false, isOut: false },
    REPLAY: { isDue: false, isOut: false },
  };
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(clock: ClientClock, send: (kind: Kind) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#pause = new Timer(clock);
  }

  /** Asked again while it waits, it goes once, with what holds by then. */
  ask(kind: Kind): void {
    this.#standing[kind].isDue = true;
    this.#go();
  }

  isOut(kind: Kind): boolean {
    return this.#standing[kind].isOut;
  }

  answered(kind: Kind): void {
    this.#standing[kind].isOut = false;
    this.#go();
  }

  /** The server refused one for coming too soon. It does not say which: whatever has no answer goes again. */
  tooSoon(retryAfterMs: number): void {
    for (const standing of Object.values(this.#standing)) {
      standing.isDue ||= standing.isOut;
      standing.isOut = false;
    }
    this.#freeAt = this.#clock.now() + Math.max(SPACING_MS, retryAfterMs);
    this.#go();
  }

  stop(): void {
    this.#pause.stop();
  }

  #go(): void {
    const next = (['SUBSCRIBE', 'REPLAY'] as const).find((kind) => {
      const { isDue, isOut } = this.#standing[kind];
      return isDue && !isOut;
    });
    if (next === undefined || this.#pause.isSet) return;
    const now = this.#clock.now();
    if (now < this.#freeAt) {
      this.#pause.set(this.#freeAt - now, () => this.#go());
      return;
    }
    this.#freeAt = now + SPACING_MS;
    this.#standing[next].isDue = false;
    this.#standing[next].isOut = true;
    this.#send(next);
    this.#go();
  }
}
