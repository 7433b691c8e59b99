import type { Published } from '../../client/index.ts';
import { printable } from '../../demo/message-text.ts';
import { jsonLine } from '../json-line.ts';
import { masked } from '../masking.ts';
import type { Output, Shell } from '../shell.ts';
import type { EventLine } from './event-lines.ts';
import { grouped, ProgressBar } from './progress-bar.ts';

type ReportOptions = {
  /** A JSON line for each event on standard output, instead of words. */
  readonly json: boolean;
  /** Of the input; null where nobody knows. */
  readonly totalBytes: number | null;
};

/** What a run says while it goes on and in the end, and what it counts. */
export class Report {
  readonly #shell: Shell;
  readonly #options: ReportOptions;
  readonly #bar: ProgressBar;
  #published = 0;
  #duplicates = 0;
  #refused = 0;
  /** Not accepted, where that is certain. */
  #missed = 0;
  #unknown = 0;
  #doneBytes = 0;
  #single: Published | null = null;

  constructor(shell: Shell, options: ReportOptions) {
    this.#shell = shell;
    this.#options = options;
    this.#bar = new ProgressBar(shell.errors, () => performance.now());
  }

  get refusals(): number {
    return this.#refused;
  }

  accepted(event: EventLine, published: Published): void {
    this.#published++;
    if (published.duplicate) this.#duplicates++;
    this.#doneBytes = event.endsAt;
    if (event.line === null) this.#single = published;
    if (this.#options.json) {
      const line = event.line === null ? {} : { line: event.line };
      this.#shell.output.write(jsonLine({ ...line, ...published }));
    }
    this.#draw();
  }

  /** `place`: `line 7`. */
  refused(place: string, why: string): void {
    this.#refused++;
    this.say(`${place}: ${why}`);
    this.#draw();
  }

  givenUp(count: number, mayBePublished: boolean): void {
    if (mayBePublished) this.#unknown += count;
    else this.#missed += count;
  }

  say(text: string): void {
    this.#bar.clear();
    this.#shell.errors.write(`${masked(printable(`agentcast: ${text}`), this.#shell.env)}\n`);
  }

  /** The last line. It is words, so it stays out of JSON. */
  end(): void {
    this.#bar.clear();
    if (this.#options.json && this.#single !== null) return;
    const output: Output = this.#options.json ? this.#shell.errors : this.#shell.output;
    const text = this.#single === null ? this.#sum() : singleText(this.#single);
    output.write(`${text}\n`);
  }

  #sum(): string {
    const parts = [`${counted(this.#published, 'event')} published`];
    if (this.#duplicates > 0) parts.push(`${grouped(this.#duplicates)} of them already there`);
    if (this.#refused > 0) parts.push(`${counted(this.#refused, 'line')} refused`);
    if (this.#missed > 0) parts.push(`${grouped(this.#missed)} not: no server took them`);
    if (this.#unknown > 0) parts.push(`${grouped(this.#unknown)} not known: a server may have taken them`);
    return parts.join(', ');
  }

  #draw(): void {
    this.#bar.draw({
      published: this.#published,
      refused: this.#refused,
      doneBytes: this.#doneBytes,
      totalBytes: this.#options.totalBytes,
    });
  }
}

const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

function singleText({ sequence_id, epoch, duplicate }: Published): string {
  const place = sequence_id === null ? 'published, live only' : `published as #${sequence_id}`;
  return `${duplicate ? 'already ' : ''}${place} (epoch ${printable(epoch)})`;
}
