import type { Cancel, Clock } from './ports/clock.ts';

export type TurnsOptions = {
  readonly clock: Clock;
  /** Told of work that failed: of what is repeated once until it succeeds again. */
  failed(what: string, error: unknown): void;
};

type Work = () => Promise<void>;

/** Work that is done one after another, never two at a time: what is begun later also takes effect later. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #stops: Cancel[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Does something again and again, every so many ms, but not while it is still being done. */
  repeat(what: string, everyMs: number, work: Work): void {
    let isBusy = false;
    let isFailing = false;
    const turn = async () => {
      if (isBusy) return;
      isBusy = true;
      try {
        await this.#inTurn(work);
        isFailing = false;
      } catch (error) {
        if (!isFailing) this.#options.failed(what, error);
        isFailing = true;
      }
      isBusy = false;
    };
    this.#stops.push(this.#options.clock.every(everyMs, () => void turn()));
  }

  /** Does something once; resolves when it is done, or has failed. */
  async once(what: string, work: Work): Promise<void> {
    await this.#inTurn(work).catch((error: unknown) => this.#options.failed(what, error));
  }

  /** Nothing is repeated any more. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #inTurn(work: Work): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
