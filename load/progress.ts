import type { Output } from '../src/cli/shell.ts';
import type { Look, Used } from './watch.ts';

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
    `server ${megabytes(look.server.residentBytes)}, ${look.server.cores.toFixed(1)} cores`,
    `k6 ${megabytes(look.k6.residentBytes)}, ${look.k6.cores.toFixed(1)} cores`,
  ].join(' · ');
}

/** What a whole run used, in a line: memory and cores at most, CPU time in all. */
export function usedText(looks: readonly Look[]): string {
  const most = (of: (look: Look) => number) => Math.max(0, ...looks.map(of));
  const used = (of: (look: Look) => Used) => {
    const memory = megabytes(most((look) => of(look).residentBytes));
    const cores = most((look) => of(look).cores).toFixed(1);
    return `${memory}, ${cores} cores, ${whole(most((look) => of(look).cpuSeconds))} s of CPU`;
  };
  const [frames, rate] = [most((look) => look.frames), most((look) => look.framesPerSecond)].map(whole);
  return [
    `${frames} frames, ${rate}/s at most`,
    `server ${used((look) => look.server)}`,
    `k6 ${used((look) => look.k6)}`,
    `${whole(most((look) => look.dropped))} events shed`,
  ].join('; ');
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
