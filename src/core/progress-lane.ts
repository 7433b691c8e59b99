import type { TaskProgress } from './feed.ts';
import { MOST_TASKS } from './limits.ts';

/** Tasks that went on and whose progress waits for one connection: of each the newest, whatever came meanwhile (G10). */
export class ProgressLane {
  /** With the updates that the next message of each stands for; who waits for longest stands first. */
  readonly #tasks = new Map<TaskProgress, number>();

  get size(): number {
    return this.#tasks.size;
  }

  /**
   * A task went on. Of more tasks than are remembered, the one that waits for longest is given up: it went on long ago,
   * or is over (G6).
   * @returns whether it did not wait before
   */
  add(task: TaskProgress, merged: number): boolean {
    const waiting = this.#tasks.get(task);
    this.#tasks.set(task, (waiting ?? 0) + merged);
    const [oldest] = this.#tasks.size > MOST_TASKS ? this.#tasks.keys() : [];
    if (oldest !== undefined) this.#tasks.delete(oldest);
    return waiting === undefined;
  }

  delete(task: TaskProgress): void {
    this.#tasks.delete(task);
  }

  keep(isWanted: (task: TaskProgress) => boolean): void {
    for (const task of this.#tasks.keys()) if (!isWanted(task)) this.#tasks.delete(task);
  }

  /** null where it was sent already, or is not paid for and has to wait. */
  take(task: TaskProgress, pay: () => boolean): Uint8Array | string | null {
    const merged = this.#tasks.get(task);
    if (merged === undefined || !pay()) return null;
    this.#tasks.delete(task);
    return task.frame(merged);
  }

  /** What there is room for, and at least one, up to the first that is not paid for. */
  takeAll(bytes: number, pay: () => boolean): (Uint8Array | string)[] {
    const frames: (Uint8Array | string)[] = [];
    let left = bytes;
    for (const task of this.#tasks.keys()) {
      const frame = left > 0 ? this.take(task, pay) : null;
      if (frame === null) break;
      frames.push(frame);
      left -= frame.length;
    }
    return frames;
  }

  clear(): void {
    this.#tasks.clear();
  }
}
