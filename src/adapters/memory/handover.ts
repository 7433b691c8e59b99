import type { EventRecord, Handover, HandoverListener } from '../../core/ports/engine.ts';
import type { MemoryStore } from './store.ts';

/** Hands events over within the process; tests can cut it, as a broken subscriber link would be. */
export class MemoryHandover implements Handover {
  readonly #store: MemoryStore;
  #listener: HandoverListener | null = null;
  #lost: ((record: EventRecord) => boolean) | null = null;
  readonly #link: HandoverListener = {
    received: (userId, record) => {
      if (!this.#lost?.(record)) this.#listener?.received(userId, record);
    },
    interrupted: () => this.#listener?.interrupted(),
  };

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  listen(listener: HandoverListener): void {
    this.#listener = listener;
  }

  async subscribe(userId: string): Promise<void> {
    const listeners = this.#store.subscriptions.get(userId) ?? new Set();
    this.#store.subscriptions.set(userId, listeners.add(this.#link));
  }

  async unsubscribe(userId: string): Promise<void> {
    const listeners = this.#store.subscriptions.get(userId);
    listeners?.delete(this.#link);
    if (listeners?.size === 0) this.#store.subscriptions.delete(userId);
  }

  /** Ends every subscription of this instance. */
  close(): void {
    for (const userId of this.#store.subscriptions.keys()) void this.unsubscribe(userId);
  }

  /** Fault injection: hand-overs that this picks are lost. null ends it. */
  lose(which: ((record: EventRecord) => boolean) | null): void {
    this.#lost = which;
  }

  /** Fault injection: tells the listener that the link was down. */
  interrupt(): void {
    this.#link.interrupted();
  }
}
