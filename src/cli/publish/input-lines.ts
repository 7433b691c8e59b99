const LINE_FEED = 0x0a;

/** One line of the input, without its line feed. */
export type InputLine = {
  /** From 1. */
  readonly number: number;
  /** Null for one that is longer than the limit, or no UTF-8. */
  readonly text: string | null;
  /** How much of the input was read up to its end, in bytes. */
  readonly endsAt: number;
};

/**
 * Cuts an input into lines, none of them kept beyond `maxBytes`, however long they are. The last one may lack its
 * line feed.
 */
export async function* inputLines(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<InputLine> {
  let number = 0;
  let readBytes = 0;
  let held = new HeldLine(maxBytes);
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      held.add(chunk.subarray(start, end));
      start = end + 1;
      number++;
      yield { number, text: held.text(), endsAt: readBytes + start };
      held = new HeldLine(maxBytes);
    }
    held.add(chunk.subarray(start));
    readBytes += chunk.length;
  }
  if (!held.isEmpty()) yield { number: number + 1, text: held.text(), endsAt: readBytes };
}

/** The pieces of a line that goes over several chunks. */
class HeldLine {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#maxBytes) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  isEmpty(): boolean {
    return this.#size === 0;
  }

  text(): string | null {
    if (this.#size > this.#maxBytes) return null;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(this.#pieces));
    } catch {
      return null;
    }
  }
}
