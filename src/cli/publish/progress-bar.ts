import type { Output } from '../shell.ts';

const BAR_WIDTH = 24;
/** A bar for what is over in a moment is nothing but flicker, in ms. */
const SHOWN_AFTER_MS = 400;
const REDRAWN_EVERY_MS = 100;
/** Where a terminal does not know its width, or says 0. */
const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\x1b[2K';

export type Progress = {
  readonly published: number;
  readonly refused: number;
  /** Of the input, in bytes. */
  readonly doneBytes: number;
  /** Null where nobody knows: a pipe. */
  readonly totalBytes: number | null;
  readonly elapsedMs: number;
};

/** How far a long input has come, in one line. */
export function progressText({ published, refused, doneBytes, totalBytes, elapsedMs }: Progress): string {
  const perSecond = elapsedMs > 0 ? Math.round((published / elapsedMs) * 1000) : 0;
  const counts = `${grouped(published)} published${refused > 0 ? `, ${grouped(refused)} refused` : ''}, ${grouped(perSecond)}/s`;
  if (totalBytes === null || totalBytes === 0) return counts;
  const share = Math.min(1, doneBytes / totalBytes);
  const full = Math.floor(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  const leftMs = share > 0 ? elapsedMs / share - elapsedMs : 0;
  const left = share > 0 && share < 1 ? `, about ${Math.ceil(leftMs / 1000)} s left` : '';
  return `${bar} ${`${Math.floor(share * 100)}`.padStart(3)} %  ${counts}${left}`;
}

export const grouped = (count: number): string => count.toLocaleString('en-US');

/** Draws progress into one line of a terminal; of a pipe or a file, nothing. */
export class ProgressBar {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #startedAt: number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#startedAt = now();
  }

  draw(progress: Omit<Progress, 'elapsedMs'>): void {
    const now = this.#now();
    const elapsedMs = now - this.#startedAt;
    if (this.#output.isTTY !== true || elapsedMs < SHOWN_AFTER_MS || now - this.#drawnAt < REDRAWN_EVERY_MS)
      return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    const line = progressText({ ...progress, elapsedMs });
    this.#output.write(`${CLEAR_LINE}${line.slice(0, (this.#output.columns || USUAL_COLUMNS) - 1)}`);
  }

  /** Makes room for a line of text; the next drawing stands below it. */
  clear(): void {
    if (this.#isDrawn) this.#output.write(CLEAR_LINE);
    this.#isDrawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }
}
