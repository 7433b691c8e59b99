import type { Gap, OtherEvent, StatusEvent } from '../client/index.ts';
import { element } from './dom.ts';
import { eventText, gapText } from './words.ts';

/** How many rows the page keeps. */
const KEPT = 300;

export type Choice = { readonly agents: readonly string[] | null; readonly types: readonly string[] | null };

type Row = {
  /** Its place in the stream: the life of it, then the number there. */
  readonly place: readonly [life: number, sequenceId: number];
  readonly element: HTMLElement;
  /** null for a gap, which every filter lets through. */
  readonly of: { readonly agent: string; readonly type: string } | null;
};

/** Events by their place in the stream, the newest first; what comes late goes where it belongs. */
export class EventList {
  readonly #list: HTMLElement;
  /** In rising order. */
  #rows: Row[] = [];
  #waiting: Row[] = [];
  #choice: Choice = { agents: null, types: null };

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  add(event: StatusEvent | OtherEvent, life: number): void {
    const row = element('li');
    row.dataset.sequenceId = String(event.sequence_id);
    const text = element('span', '', `${event.payload.agent_id}: ${eventText(event)}`);
    if (event.kind === 'status') row.dataset.status = event.payload.new_status;
    if (event.delivery !== 'live') text.append(' ', element('small', 'late', event.delivery));
    const time = new Date(event.timestamp).toTimeString().slice(0, 8);
    row.append(element('span', 'quiet', time), element('span', 'quiet', `#${event.sequence_id}`), text);
    const of = { agent: event.payload.agent_id, type: event.type };
    this.#queue({ place: [life, event.sequence_id], element: row, of });
  }

  addGap(gap: Gap, life: number): void {
    const row = element('li', 'gap', gapText(gap));
    this.#queue({ place: [life, gap.to_sequence_id], element: row, of: null });
  }

  filter(choice: Choice): void {
    this.#choice = choice;
    for (const row of [...this.#rows, ...this.#waiting]) this.#hide(row);
  }

  /** Once a frame: a burst would have the page laid out for every event. */
  #queue(row: Row): void {
    this.#hide(row);
    this.#waiting.push(row);
    // A page in the background has no frames.
    if (this.#waiting.length > KEPT) this.#waiting.shift();
    if (this.#waiting.length === 1) requestAnimationFrame(() => this.#show());
  }

  #show(): void {
    for (const row of this.#waiting) this.#insert(row);
    this.#waiting = [];
    const old = this.#rows.slice(0, Math.max(0, this.#rows.length - KEPT));
    this.#rows = this.#rows.slice(old.length);
    for (const row of old) row.element.remove();
  }

  #insert(row: Row): void {
    const before = this.#rows.findLastIndex(({ place }) => isBefore(place, row.place));
    const older = this.#rows[before];
    this.#rows.splice(before + 1, 0, row);
    this.#list.insertBefore(row.element, older?.element ?? null);
  }

  #hide({ element: shown, of }: Row): void {
    const { agents, types } = this.#choice;
    shown.hidden = of !== null && !(isIn(agents, of.agent) && isIn(types, of.type));
  }
}

const isIn = (wanted: readonly string[] | null, value: string): boolean =>
  wanted === null || wanted.includes(value);

const isBefore = (one: Row['place'], other: Row['place']): boolean =>
  one[0] === other[0] ? one[1] < other[1] : one[0] < other[0];
