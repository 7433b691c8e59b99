import type { Output } from '../src/cli/shell.ts';
import type { Look } from './watch.ts';

/** Where nobody looks at a terminal, a line so often is enough. */
const LINE_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\x1b[2K';

/** One look in a line. */
export function progressText(title: string, look: Look): string {
  const seconds = `${Math.round(look.atMs / 1000)} s`.padStart(6);
  return [
    `${title} ${seconds}`,
    `${whole(look.liveSockets)} sockets`,
    `${whole(look.framesPerSecond)} frames/s`,
    `server ${megabytes(look.serverBytes)}, ${look.serverCores.toFixed(1)} cores`,
    `k6 ${megabytes(look.k6Bytes)}, ${look.k6Cores.toFixed(1)} cores`,
  ].join(' · ');
}

/** The most that was used at any look, in a line. */
export function usedText(looks: readonly Look[]): string {
  const most = (of: (look: Look) => number) => Math.max(0, ...looks.map(of));
  const server = `${megabytes(most((look) => look.serverBytes))}, ${most((look) => look.serverCores).toFixed(1)} cores`;
  const k6 = `${megabytes(most((look) => look.k6Bytes))}, ${most((look) => look.k6Cores).toFixed(1)} cores`;
  const frames = whole(most((look) => look.framesPerSecond));
  return `at most: server ${server}; k6 ${k6}; ${frames} frames/s; events shed: ${whole(most((look) => look.dropped))}`;
}

/** Shows each look: redrawn in a terminal, else a line now and then. */
export class Progress {
  readonly #output: Output;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output) {
    this.#output = output;
  }

  show(title: string, look: Look): void {
    const text = progressText(title, look);
    if (this.#output.isTTY === true)
      this.#output.write(`${CLEAR_LINE}${text.slice(0, (this.#output.columns || 80) - 1)}`);
    else if (look.atMs - this.#writtenAt >= LINE_EVERY_MS) {
      this.#writtenAt = look.atMs;
      this.#output.write(`${text}\n`);
    }
  }

  /** The next run begins. */
  clear(): void {
    this.#writtenAt = Number.NEGATIVE_INFINITY;
    if (this.#output.isTTY === true) this.#output.write(CLEAR_LINE);
  }
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number): string => `${whole(bytes / 1024 / 1024)} MB`;
