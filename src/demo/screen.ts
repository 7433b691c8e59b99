/** A stream of a terminal or a pipe, as far as it matters here. */
export type Output = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

const CLEAR_LINE = '\r\x1b[2K';

/** Text that stays, and a live line: on a terminal each takes the place of the last, so that the text stays in sight. */
export class Screen {
  readonly #output: Output;
  #hasLiveLine = false;

  constructor(output: Output) {
    this.#output = output;
  }

  say(text: string): void {
    this.#output.write(`${this.#hasLiveLine ? '\n' : ''}${text}\n`);
    this.#hasLiveLine = false;
  }

  live(line: string): void {
    if (!this.#output.isTTY) {
      this.#output.write(`${line}\n`);
      return;
    }
    this.#output.write(`${CLEAR_LINE}${line.slice(0, (this.#output.columns ?? 80) - 1)}`);
    this.#hasLiveLine = true;
  }
}
