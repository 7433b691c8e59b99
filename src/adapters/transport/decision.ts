import type { Duplex } from 'node:stream';
import type { Upgrade, UpgradeAcceptance } from '../../core/ports/transport.ts';
import type { OnError } from './socket.ts';

/** What a route says to one upgrade. An acceptance is either carried out, or told once that it came to nothing. */
export class Decision implements Upgrade {
  readonly #onError: OnError;
  #acceptance: UpgradeAcceptance | null = null;
  #wasAccepted = false;
  #isOver = false;
  #isAbandoned = false;

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  /** What the route accepted with, until the decision is over. */
  get acceptance(): UpgradeAcceptance | null {
    return this.#acceptance;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  accept(acceptance: UpgradeAcceptance): Response {
    if (this.#wasAccepted) throw new Error('this upgrade was accepted before');
    this.#wasAccepted = true;
    this.#acceptance = acceptance;
    if (this.#isOver) this.abandon();
    return new Response(null);
  }

  /** Ends the decision: the acceptance has been carried out. */
  settle(): void {
    this.#isOver = true;
    this.#acceptance = null;
  }

  /** Ends the decision, unless it is over: an acceptance, made already or still to come, is aborted. */
  abandon(): void {
    const acceptance = this.#acceptance;
    this.#isAbandoned ||= !this.#isOver;
    this.settle();
    try {
      acceptance?.aborted();
    } catch (error) {
      this.#onError(error, 'upgrade aborted');
    }
  }
}

/** Why a decision was not waited for: the socket is closed, or the time is up. */
export type Interruption = 'gone' | 'late';

/**
 * Waits for `work` until something interrupts it; `limitMs` is in milliseconds. Rejects as `work`
 * does; what `work` comes to afterwards is ignored.
 */
export function whileConnected<T>(
  socket: Duplex,
  limitMs: number,
  work: Promise<T>,
): Promise<T | Interruption> {
  let stopWaiting = () => {};
  const interrupted = new Promise<Interruption>((resolve) => {
    const timer = setTimeout(() => resolve('late'), limitMs);
    const gone = () => resolve('gone');
    socket.once('close', gone);
    stopWaiting = () => {
      clearTimeout(timer);
      socket.off('close', gone);
    };
  });
  return Promise.race([work, interrupted]).finally(stopWaiting);
}
