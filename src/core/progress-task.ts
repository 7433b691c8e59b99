import type { Filterable } from '../protocol/filters.ts';
import { withMerged } from '../protocol/progress.ts';
import type { TaskProgress } from './feed.ts';
import type { EventRecord, ProgressPlace } from './ports/engine.ts';
import type { ProgressWindows, Windowed } from './progress-windows.ts';

/** One update of a task. */
export type ProgressUpdate = { readonly record: EventRecord; readonly place: ProgressPlace };

/**
 * How many updates go out within one window although it is open, because a run begins or ends with them. More than that
 * is a storm of runs, and waits.
 */
const HURRIED = 10;

/** How late the hand-over of an earlier run can be, in ms. What comes later is of an engine that lost the later run. */
export const LATE_MS = 10_000;

type TaskOptions = {
  readonly windows: ProgressWindows;
  readonly show: (task: TaskProgress, merged: number) => void;
};

/**
 * One task on this instance: what is shown of it is merged over a window (G10). An update goes out at once where no
 * window is open, and opens one; within it, where a run begins or ends.
 */
export class ProgressTask implements TaskProgress, Windowed {
  /** When the last update came, by `Clock.elapsed`. */
  heardAt = 0;
  readonly #options: TaskOptions;
  #newest: ProgressUpdate;
  #shown: EventRecord;
  /** How many updates came since the one that is shown. */
  #waiting = 0;
  #hurried = 0;
  #frame: { readonly merged: number; readonly bytes: Uint8Array } | null = null;

  constructor(first: ProgressUpdate, options: TaskOptions) {
    this.#newest = first;
    this.#shown = first.record;
    this.#options = options;
  }

  get header(): Filterable {
    return this.#shown.header;
  }

  get isOver(): boolean {
    return isLast(this.#newest.place);
  }

  /** The frame of what is shown: its bytes are built once for all connections that were told of as many updates. */
  frame(merged: number): Uint8Array {
    if (this.#frame?.merged !== merged)
      this.#frame = { merged, bytes: withMerged(this.#shown.frame, merged) };
    return this.#frame.bytes;
  }

  /** Shows the update that the task began with here. */
  begin(): void {
    this.#waiting = 1;
    this.#show();
  }

  /** Whether a hand-over is doubled, or was overtaken on its way. */
  isLate({ run, step, update }: ProgressPlace, now: number): boolean {
    const { place } = this.#newest;
    if (run !== place.run) return run < place.run && now - this.heardAt < LATE_MS;
    return step < place.step || (step === place.step && update <= place.update);
  }

  take(update: ProgressUpdate): void {
    const before = this.#newest.place;
    const { place } = update;
    const isNewRun = place.run !== before.run;
    this.#newest = update;
    // Those between, whose hand-over was lost, are counted too. After a failover, the engine may count from further back.
    this.#waiting += isNewRun ? place.update : Math.max(1, place.update - before.update);
    const isUrgent = isNewRun || (isLast(place) && !isLast(before));
    if (!this.#options.windows.has(this) || (isUrgent && ++this.#hurried <= HURRIED)) this.#show();
  }

  windowEnded(): void {
    this.#hurried = 0;
    if (this.#waiting > 0) this.#show();
  }

  /** Nothing more is shown of it. */
  end(): void {
    this.#options.windows.close(this);
  }

  #show(): void {
    const merged = this.#waiting;
    this.#waiting = 0;
    this.#shown = this.#newest.record;
    this.#frame = null;
    if (!this.#options.windows.has(this)) this.#options.windows.open(this);
    this.#options.show(this, merged);
  }
}

const isLast = ({ step, total }: ProgressPlace): boolean => step === total;
