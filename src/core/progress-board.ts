import type { TaskProgress } from './feed.ts';
import { MOST_TASKS } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { EventRecord } from './ports/engine.ts';
import { LATE_MS, ProgressTask } from './progress-task.ts';
import type { ProgressWindows } from './progress-windows.ts';

export type BoardOptions = {
  readonly clock: Clock;
  readonly windows: ProgressWindows;
  /** A task that is silent for so long is not running any more, in ms. */
  readonly silenceMs: number;
};

/** Where the tasks of one user are, for as long as its feed is here. */
export class ProgressBoard {
  /** Told of what is to be shown of a task, and of how many updates it stands for. */
  show: (task: TaskProgress, merged: number) => void = () => {};
  readonly #options: BoardOptions;
  // By agent and task; those that were silent for longest stand first.
  readonly #running = new Map<string, ProgressTask>();
  /** Kept for a while, so that a late hand-over is not taken for a new run. */
  readonly #ended = new Map<string, ProgressTask>();
  #isClosed = false;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** An update was handed over, or found where the feed began. */
  receive(record: EventRecord): void {
    const place = record.header.progress;
    if (place === undefined || this.#isClosed) return;
    const now = this.#options.clock.elapsed();
    this.#forget(now);
    const name = `${record.header.agentId} ${record.header.taskId}`;
    const known = this.#running.get(name) ?? this.#ended.get(name);
    if (known?.isLate(place, now)) return;
    const update = { record, place };
    if (known !== undefined) {
      known.take(update);
      this.#place(name, known, now);
      return;
    }
    const { windows } = this.#options;
    const task = new ProgressTask(update, { windows, show: (shown, merged) => this.show(shown, merged) });
    this.#makeRoom();
    this.#place(name, task, now);
    task.begin();
  }

  /** A status ended the run of a task, however far it came: what waits of it is shown before. */
  finish(agentId: string, taskId: string | null): void {
    const name = `${agentId} ${taskId}`;
    const task = this.#running.get(name);
    if (task === undefined) return;
    task.windowEnded();
    task.end();
    task.heardAt = this.#options.clock.elapsed();
    this.#running.delete(name);
    this.#ended.set(name, task);
  }

  /** The tasks that are in the middle of a run. */
  *running(): Iterable<TaskProgress> {
    this.#forget(this.#options.clock.elapsed());
    yield* this.#running.values();
  }

  /** Nothing more is shown. */
  close(): void {
    this.#isClosed = true;
    for (const tasks of [this.#running, this.#ended]) for (const name of tasks.keys()) drop(tasks, name);
  }

  #place(name: string, task: ProgressTask, now: number): void {
    task.heardAt = now;
    this.#running.delete(name);
    this.#ended.delete(name);
    (task.isOver ? this.#ended : this.#running).set(name, task);
  }

  #forget(now: number): void {
    forgetBefore(this.#running, now - this.#options.silenceMs);
    forgetBefore(this.#ended, now - LATE_MS);
  }

  #makeRoom(): void {
    if (this.#running.size + this.#ended.size < MOST_TASKS) return;
    const tasks = this.#ended.size > 0 ? this.#ended : this.#running;
    const [oldest] = tasks.keys();
    if (oldest !== undefined) drop(tasks, oldest);
  }
}

function forgetBefore(tasks: Map<string, ProgressTask>, oldest: number): void {
  for (const [name, { heardAt }] of tasks) {
    if (heardAt > oldest) return;
    drop(tasks, name);
  }
}

function drop(tasks: Map<string, ProgressTask>, name: string): void {
  tasks.get(name)?.end();
  tasks.delete(name);
}
