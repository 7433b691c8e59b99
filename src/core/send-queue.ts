import type { Priority } from '../protocol/events.ts';
import { PRIORITIES } from '../protocol/events.ts';
import type { DropReason } from '../protocol/server-messages.ts';
import { Dropped } from './dropped.ts';
import type { EventHeader, EventRecord } from './ports/engine.ts';
import type { FreeFrame, ProgressPlace, Waiting } from './waiting.ts';
import { isEvent, isFor, isFree, isSheddable } from './waiting.ts';

/** How far down a priority is: what is shed first has the highest. */
const RANK = Object.fromEntries(PRIORITIES.map((priority, rank) => [priority, rank])) as Record<
  Priority,
  number
>;

/** Told of what happens to live events that cannot go at once. */
export type QueueWitness = {
  shed(header: EventHeader, reason: DropReason): void;
  queued(record: EventRecord): void;
};

/**
 * What waits for one connection, in the order in which it is sent. Live events in it are bounded in number: of more,
 * the lowest priority is shed first, of equals the newest, never a critical one (G6, G7); what is shed leaves its name
 * where it stood.
 */
export class SendQueue {
  readonly #most: number;
  readonly #witness: QueueWitness;
  #items: Waiting[] = [];
  /** Since when the first of them wait, by `Clock.elapsed`; those that came in this turn are not in it yet. */
  #since: number[] = [];
  readonly #events: Record<Priority, number> = { critical: 0, high: 0, normal: 0, low: 0 };
  #count = 0;
  #free = 0;

  /** @param most live events that may wait */
  constructor(most: number, witness: QueueWitness) {
    this.#most = most;
    this.#witness = witness;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Live events that wait. */
  get events(): number {
    return this.#count;
  }

  get freeFrames(): number {
    return this.#free;
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
    if (isFree(item)) this.#free++;
  }

  /** Puts a frame before the events, behind the free frames that stand there. */
  pushAhead(item: FreeFrame): void {
    const first = this.#items.findIndex((other) => !isFree(other));
    const index = first === -1 ? this.#items.length : first;
    this.#items.splice(index, 0, item);
    this.#free++;
    const since = this.#since[index];
    if (since !== undefined) this.#since.splice(index, 0, since);
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

  /** Sheds events that have waited since before a time. Gives whether there were any. */
  expire(before: number): boolean {
    const [items, since] = [this.#items, this.#since];
    let old = 0;
    while (old < since.length && (since[old] ?? before) < before) old++;
    let first = 0;
    while (first < old && !isSheddable(items[first])) first++;
    if (first === old) return false;
    // All in one pass: taken out one by one, each would move everything behind it.
    this.#items = items.slice(0, first);
    this.#since = since.slice(0, first);
    for (let index = first; index < old; index++)
      this.#keepOrName(items[index] as Waiting, since[index] ?? 0);
    this.#items = this.#items.concat(items.slice(old));
    this.#since = this.#since.concat(since.slice(old));
    return true;
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
      if (isFree(item)) this.#free--;
      else if (isEvent(item)) {
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
    for (let place = this.#since.length; place < this.#items.length; place++) {
      this.#since.push(now);
      const item = this.#items[place] as Waiting;
      if (isEvent(item)) this.#witness.queued(item);
    }
  }

  /** Empties it; gives what waited. */
  clear(): readonly Waiting[] {
    const items = this.#items;
    this.#items = [];
    this.#since = [];
    for (const priority of PRIORITIES) this.#events[priority] = 0;
    this.#count = 0;
    this.#free = 0;
    return items;
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

  /** Puts the name of an event in its place, or into a name that stands beside it. */
  #shed(index: number, reason: DropReason): void {
    const { header } = this.#items[index] as EventRecord;
    this.#events[header.priority]--;
    this.#count--;
    this.#witness.shed(header, reason);
    const [before, after] = [this.#items[index - 1], this.#items[index + 1]];
    const dropped = isFor(before, reason) ? before.add(header) : new Dropped(reason).add(header);
    if (isFor(after, reason)) {
      dropped.absorb(after);
      this.#remove(index + 1);
    }
    if (dropped === before) this.#remove(index);
    else this.#items[index] = dropped;
  }

  /** Puts back what stood there, or the name of it where it has expired, into the one before where it can. */
  #keepOrName(item: Waiting, since: number): void {
    const kept = isSheddable(item) ? new Dropped('expired').add(item.header) : item;
    if (isSheddable(item)) {
      this.#events[item.header.priority]--;
      this.#count--;
      this.#witness.shed(item.header, 'expired');
    }
    const last = this.#items.at(-1);
    if (isFor(kept, 'expired') && isFor(last, 'expired')) last.absorb(kept);
    else {
      this.#items.push(kept);
      this.#since.push(since);
    }
  }

  #nameLast(header: EventHeader, reason: DropReason): void {
    this.#witness.shed(header, reason);
    const last = this.#items.at(-1);
    if (isFor(last, reason)) last.add(header);
    else this.#items.push(new Dropped(reason).add(header));
  }

  #remove(index: number): void {
    this.#items.splice(index, 1);
    this.#since.splice(index, 1);
  }
}
