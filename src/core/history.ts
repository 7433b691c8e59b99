import type { Clock } from './ports/clock.ts';

/** What can become of an event on an instance, and why: what operators are told (`GET …/explain`). */
export const STEPS = [
  { what: 'appended', reason: null },
  { what: 'repeated', reason: null },
  { what: 'handed_over', reason: null },
  { what: 'held_back', reason: 'catching_up' },
  { what: 'held_back', reason: 'gap' },
  { what: 'ignored', reason: 'known' },
  { what: 'filtered', reason: null },
  { what: 'queued', reason: null },
  { what: 'replayed', reason: null },
  { what: 'sent', reason: null },
  { what: 'shed', reason: 'buffer_full' },
  { what: 'shed', reason: 'expired' },
  { what: 'shed', reason: 'rate_limited' },
  { what: 'abandoned', reason: 'connection_closed' },
] as const;

/** The same by name: places in `STEPS`, because a number is cheaper to note than a text. */
export const STEP = {
  appended: 0,
  repeated: 1,
  handedOver: 2,
  catchingUp: 3,
  gap: 4,
  known: 5,
  filtered: 6,
  queued: 7,
  replayed: 8,
  sent: 9,
  buffer_full: 10,
  expired: 11,
  rate_limited: 12,
  abandoned: 13,
} as const;

export type Step = (typeof STEP)[keyof typeof STEP];

/** Something that happened to an event. */
export type Happening = (typeof STEPS)[Step] & {
  /** Wall-clock ms. */
  readonly at: number;
  /** null for what concerns the instance as a whole. */
  readonly connectionId: string | null;
};

/**
 * How many happenings are kept: 26 s at 10,000 deliveries a second, 13 s where each has to wait in a queue before. They take
 * 25 bytes each, 6.6 MB in all, from the start on; and for each user and connection that one is about, ended ones too, its
 * witness with the ids: 90 to 200 bytes.
 */
export const HISTORY_SIZE = 2 ** 18;

/** Of how many users the instance's own witness is kept: enough for those who are busy at a time. */
const USERS_KEPT = 4_096;

/**
 * What happened to events here, as far as the newest happenings tell: a ring of numbers, since thousands are noted a second.
 * To note one is a few stores into arrays that are there already; nothing is made, and nothing is asked.
 */
export class History {
  readonly #clock: Clock;
  readonly #at: Float64Array;
  readonly #sequenceIds: Float64Array;
  readonly #steps: Uint8Array;
  readonly #witnesses: (Witness | null)[];
  readonly #ofUsers = new Map<string, Witness>();
  #next = 0;
  #now: number;

  constructor(clock: Clock, size: number) {
    this.#clock = clock;
    this.#now = clock.elapsed();
    this.#at = new Float64Array(size);
    this.#sequenceIds = new Float64Array(size);
    this.#steps = new Uint8Array(size);
    this.#witnesses = new Array(size).fill(null);
  }

  /**
   * What is noted from now on happens at this time, by `Clock.elapsed`. To ask a clock costs many times what a note does, so
   * that it is asked once for all that happens together.
   */
  tick(now = this.#clock.elapsed()): void {
    this.#now = now;
  }

  note(step: Step, witness: Witness, sequenceId: number): void {
    const place = this.#next;
    this.#at[place] = this.#now;
    this.#sequenceIds[place] = sequenceId;
    this.#steps[place] = step;
    this.#witnesses[place] = witness;
    this.#next = place + 1 === this.#at.length ? 0 : place + 1;
  }

  /**
   * Who notes what happens to a user's events on the instance as a whole. The same one again for each event of a busy user:
   * the ring would hold thousands that are all alike.
   */
  witnessOf(userId: string): Witness {
    const known = this.#ofUsers.get(userId);
    if (known !== undefined) return known;
    if (this.#ofUsers.size >= USERS_KEPT) this.#ofUsers.clear();
    const witness = new Witness(this, userId);
    this.#ofUsers.set(userId, witness);
    return witness;
  }

  /** What happened to an event, the first first. */
  of(userId: string, sequenceId: number): Happening[] {
    const happenings: Happening[] = [];
    const size = this.#at.length;
    const elapsedToWall = this.#elapsedToWall();
    for (let count = 0; count < size; count++) {
      const place = (this.#next + count) % size;
      const witness = this.#witnesses[place];
      if (this.#sequenceIds[place] !== sequenceId || witness?.userId !== userId) continue;
      const step = STEPS[this.#steps[place] ?? 0];
      if (step === undefined) continue;
      const at = elapsedToWall + (this.#at[place] ?? 0);
      happenings.push({ ...step, at, connectionId: witness.connectionId });
    }
    return happenings;
  }

  /** Since when every happening is known, in wall-clock ms; null while none was forgotten. */
  get since(): number | null {
    if (this.#witnesses[this.#next] === null) return null;
    return this.#elapsedToWall() + (this.#at[this.#next] ?? 0);
  }

  #elapsedToWall(): number {
    return this.#clock.now() - this.#clock.elapsed();
  }
}

/** Notes what happens to events of one user, on one connection or on the instance as a whole. */
export class Witness {
  readonly userId: string;
  readonly connectionId: string | null;
  readonly #history: History;

  constructor(history: History, userId: string, connectionId: string | null = null) {
    this.#history = history;
    this.userId = userId;
    this.connectionId = connectionId;
  }

  note(step: Step, sequenceId: number): void {
    this.#history.note(step, this, sequenceId);
  }

  /** The same at the time of the call. */
  noteNow(step: Step, sequenceId: number): void {
    this.#history.tick();
    this.note(step, sequenceId);
  }

  /** @see History.tick */
  tick(now?: number): void {
    this.#history.tick(now);
  }
}
