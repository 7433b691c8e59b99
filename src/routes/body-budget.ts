/** Room that a body has until it is released, or has to give way to newer ones. */
export type Room = {
  /** Resolves when the room is given to others. */
  readonly gone: Promise<void>;
  release(): void;
};

type Held = { readonly bytes: number; readonly giveWay: () => void };

/**
 * How much the server holds for requests of which nobody knows yet who sent them. Where it is full, the oldest gives way:
 * what an honest worker sends is there within milliseconds, so that whoever fills the room by sending slowly, or not at
 * all, drives out himself.
 */
export class BodyBudget {
  readonly #capacity: number;
  /** The oldest first. */
  readonly #held = new Set<Held>();
  #bytes = 0;

  /** @param capacity in bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Makes room for a body of at most so many bytes. */
  take(bytes: number): Room {
    let giveWay = () => {};
    const gone = new Promise<void>((resolve) => {
      giveWay = resolve;
    });
    const held: Held = { bytes, giveWay };
    this.#held.add(held);
    this.#bytes += bytes;
    for (const oldest of this.#held) {
      if (this.#bytes <= this.#capacity || oldest === held) break;
      this.#release(oldest);
      oldest.giveWay();
    }
    return { gone, release: () => this.#release(held) };
  }

  #release(held: Held): void {
    if (this.#held.delete(held)) this.#bytes -= held.bytes;
  }
}
