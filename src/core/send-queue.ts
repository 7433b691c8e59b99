import type { Priority } from '../protocol/events.ts';
import { PRIORITIES } from '../protocol/events.ts';
import type { DropReason } from '../protocol/server-messages.ts';
import { Dropped } from './dropped.ts';
import type { TaskProgress } from './feed.ts';
import type { EventHeader, EventRecord } from './ports/engine.ts';

/** What is sent for nothing: messages of the server itself, and what a replay brings. */
export type FreeFrame = { readonly header: null; readonly frame: Uint8Array | string };

/** The place in the order where a task's progress came. What is sent there is the newest of it by then. */
export class ProgressPlace {
  readonly header = null;
  readonly task: TaskProgress;

  constructor(task: TaskProgress) {
    this.task = task;
  }
}

export type Waiting = EventRecord | FreeFrame | Dropped | ProgressPlace;

/** How far down a priority is: what is shed first has the highest. */
const RANK = Object.fromEntries(PRIORITIES.map((priority, rank) => [priority, rank])) as Record<
  Priority,
  number
>;

/**
 * What waits for one connection, in the order in which it is sent. Live events in it are bounded in number: of more,
 * the lowest priority is shed first, of equals the newest, never a critical one (G6, G7); what is shed leaves its name
 * where it stood.
 */
export class SendQueue {
  readonly #most: number;
  #items: Waiting[] = [];
  /** Since when the first of them wait, by `Clock.elapsed`; those that came in this turn are not in it yet. */
  #since: number[] = [];
  readonly #events: Record<Priority, number> = { critical: 0, high: 0, normal: 0, low: 0 };
  #count = 0;

  /** @param most live events that may wait */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Live events that wait. */
  get events(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.#most;
  }

  /** Whether anything is left of earlier turns. */
  get isStale(): boolean {
    return this.#since.length > 0;
  }

  pushFree(item: FreeFrame | ProgressPlace): void {
    this.#items.push(item);
  }

  /**
   * Adds a live event, and sheds one for it where there is no room.
   * @returns false where there is no room and nothing that may be shed; it was not added then
   */
  pushEvent(record: EventRecord, reason: DropReason): boolean {
    const { priority } = record.header;
    if (this.isFull) {
      const lowest = this.#lowestBelow(priority);
      if (lowest === null && priority === 'critical') return false;
      if (lowest === null) {
        this.#nameLast(record.header, reason);
        return true;
      }
      this.#shed(this.#newestOf(lowest), reason);
    }
    this.#items.push(record);
    this.#events[priority]++;
    this.#count++;
    return true;
  }

  /** Sheds events that have waited since before a time. */
  expire(before: number): void {
    for (let index = 0; index < this.#since.length; ) {
      if ((this.#since[index] ?? before) >= before) return;
      const { header } = this.#items[index] ?? {};
      if (!header || header.priority === 'critical' || !this.#shed(index, 'expired')) index++;
    }
  }

  /**
   * Takes from the front what there is room for, and at least one, up to the first event that is not paid for.
   * @param pay whether an event may go; `forced` where a critical one waits behind it, or it is one (G7)
   */
  take(bytes: number, pay: (forced: boolean) => boolean): Waiting[] {
    let count = 0;
    let criticals = this.#events.critical;
    for (let left = bytes; left > 0 && count < this.#items.length; count++) {
      const item = this.#items[count];
      if (item === undefined) break;
      if (isEvent(item)) {
        if (!pay(criticals > 0)) break;
        if (item.header.priority === 'critical') criticals--;
        this.#events[item.header.priority]--;
        this.#count--;
      }
      left -= 'frame' in item ? item.frame.length : 0;
    }
    if (count === 0) return [];
    if (this.isStale) this.#since.splice(0, count);
    if (count < this.#items.length) return this.#items.splice(0, count);
    const all = this.#items;
    this.#items = [];
    return all;
  }

  /** What is left now waits since this time. */
  stamp(now: number): void {
    while (this.#since.length < this.#items.length) this.#since.push(now);
  }

  clear(): void {
    this.#items = [];
    this.#since = [];
    for (const priority of PRIORITIES) this.#events[priority] = 0;
    this.#count = 0;
  }

  /** The lowest priority that waits, if it is lower than this one. */
  #lowestBelow(priority: Priority): Priority | null {
    for (let rank = PRIORITIES.length - 1; rank > RANK[priority]; rank--) {
      const lower = PRIORITIES[rank];
      if (lower !== undefined && this.#events[lower] > 0) return lower;
    }
    return null;
  }

  #newestOf(priority: Priority): number {
    return this.#items.findLastIndex((item) => item.header?.priority === priority);
  }

  /** Puts the name of an event in its place. Gives whether the place went with it, into a name that stood beside. */
  #shed(index: number, reason: DropReason): boolean {
    const { header } = this.#items[index] as EventRecord;
    this.#events[header.priority]--;
    this.#count--;
    const [before, after] = [this.#items[index - 1], this.#items[index + 1]];
    const dropped = isFor(before, reason) ? before.add(header) : new Dropped(reason).add(header);
    if (isFor(after, reason)) {
      dropped.absorb(after);
      this.#remove(index + 1);
    }
    if (dropped === before) this.#remove(index);
    else this.#items[index] = dropped;
    return dropped === before;
  }

  #nameLast(header: EventHeader, reason: DropReason): void {
    const last = this.#items.at(-1);
    if (isFor(last, reason)) last.add(header);
    else this.#items.push(new Dropped(reason).add(header));
  }

  #remove(index: number): void {
    this.#items.splice(index, 1);
    this.#since.splice(index, 1);
  }
}

const isEvent = (item: Waiting): item is EventRecord => item.header !== null;

const isFor = (item: Waiting | undefined, reason: DropReason): item is Dropped =>
  item instanceof Dropped && item.reason === reason;
