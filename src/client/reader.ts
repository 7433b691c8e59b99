import type { Gap, StreamEvent, StreamItem } from './events.ts';

type Waiter = {
  resolve(result: IteratorResult<StreamItem, undefined>): void;
  reject(error: unknown): void;
};

/**
 * One `for await`. What waits for it is bounded: where there is no room, progress makes room first, the oldest of it; then
 * newer events are shed, and named by a gap in the place where they would stand.
 */
export class Reader implements AsyncIterableIterator<StreamItem, undefined> {
  readonly #capacity: number;
  readonly #left: (reader: Reader) => void;
  #items: StreamItem[] = [];
  #progress = 0;
  #waiters: Waiter[] = [];
  #end: { readonly error: Error | null } | null = null;

  /** @param left told when nobody reads it any more */
  constructor(capacity: number, left: (reader: Reader) => void) {
    this.#capacity = capacity;
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(item: StreamItem): void {
    if (this.#end !== null) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ done: false, value: item });
    else if (this.#items.length < this.#capacity || this.#makeRoom()) this.#add(item);
    else if (item.kind !== 'progress') this.#name(item);
  }

  /** What waits is still given out; then it is over, with an error where there is one. */
  end(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#settle(waiter);
  }

  next(): Promise<IteratorResult<StreamItem, undefined>> {
    return new Promise((resolve, reject) => this.#settle({ resolve, reject }));
  }

  return(): Promise<IteratorResult<StreamItem, undefined>> {
    this.#items = [];
    this.end(null);
    this.#left(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  #settle(waiter: Waiter): void {
    const item = this.#items.shift();
    if (item !== undefined) {
      if (item.kind === 'progress') this.#progress--;
      waiter.resolve({ done: false, value: item });
    } else if (this.#end === null) this.#waiters.push(waiter);
    else {
      const { error } = this.#end;
      // Told once, as a generator does.
      this.#end = { error: null };
      if (error === null) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
  }

  #add(item: StreamItem): void {
    if (item.kind === 'progress') this.#progress++;
    this.#items.push(item);
  }

  #makeRoom(): boolean {
    if (this.#progress === 0) return false;
    this.#items.splice(
      this.#items.findIndex(({ kind }) => kind === 'progress'),
      1,
    );
    this.#progress--;
    return true;
  }

  #name(item: Exclude<StreamItem, { kind: 'progress' }>): void {
    // Whatever it was, nobody read it: so that gaps of several kinds are one, too.
    const shed: Gap = item.kind === 'gap' ? { ...item, reason: 'reader_slow' } : gapOf(item);
    const last = this.#items.at(-1);
    if (last?.kind !== 'gap' || last.reason !== 'reader_slow' || last.epoch !== shed.epoch) {
      this.#items.push(shed);
      return;
    }
    this.#items[this.#items.length - 1] = {
      ...last,
      from_sequence_id: Math.min(last.from_sequence_id, shed.from_sequence_id),
      to_sequence_id: Math.max(last.to_sequence_id, shed.to_sequence_id),
    };
  }
}

const gapOf = ({ epoch, sequence_id }: Exclude<StreamEvent, { kind: 'progress' }>): Gap => ({
  kind: 'gap',
  reason: 'reader_slow',
  epoch,
  from_sequence_id: sequence_id,
  to_sequence_id: sequence_id,
});
