import { expect } from 'vitest';
import type { TaskProgress } from '../../src/core/feed.ts';
import type { EventRecord } from '../../src/core/ports/engine.ts';
import { ProgressBoard } from '../../src/core/progress-board.ts';
import { ProgressWindows } from '../../src/core/progress-windows.ts';
import { FRAME_END, progressFields } from '../../src/protocol/progress.ts';
import { ManualClock } from './manual-clock.ts';

export type UpdateFields = {
  readonly agent?: string;
  readonly task?: string;
  readonly run?: number;
  readonly update: number;
  readonly step: number;
  readonly total?: number;
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An update of a task as an engine hands it over. */
export function recordOf(fields: UpdateFields): EventRecord {
  const { agent = 'a-1', task = 't-1', run = 1, update, step, total = 10 } = fields;
  const payload = { agent_id: agent, task_id: task, current_step: step, total_steps: total };
  const start = `{"type":"PROGRESS_UPDATE","payload":${JSON.stringify(payload).slice(0, -1)}`;
  return {
    header: {
      agentId: agent,
      projectId: null,
      eventType: 'PROGRESS_UPDATE',
      taskId: task,
      priority: 'low',
      position: null,
      progress: { run, update, step, total },
    },
    frame: encoder.encode(start + progressFields(0, null) + FRAME_END),
  };
}

export const textOfFrame = (frame: Uint8Array | string | undefined): string =>
  typeof frame === 'string' ? frame : decoder.decode(frame);

export const WINDOW_MS = 100;
export const SILENCE_MS = 300_000;

type Shown = { at: number; task: string; step: number; merged: number };

/** Boards of one instance, in a time that only the test moves, and what they show. */
export function boardRig() {
  const clock = new ManualClock();
  const windows = new ProgressWindows(clock, WINDOW_MS);
  const shown: Shown[] = [];
  const tasks: TaskProgress[] = [];
  const board = (): ProgressBoard => {
    const created = new ProgressBoard({ clock, windows, silenceMs: SILENCE_MS });
    created.show = (task, merged) => {
      const { task_id, current_step, merged: told } = JSON.parse(textOfFrame(task.frame(merged))).payload;
      expect(told).toBe(merged);
      shown.push({ at: clock.elapsed(), task: task_id, step: current_step, merged });
      tasks.push(task);
    };
    return created;
  };
  /** What was shown since the last time, in short: `<ms> <task> <step> x<merged>`. */
  const news = (): string[] =>
    shown.splice(0).map(({ at, task, step, merged }) => `${at} ${task} ${step} x${merged}`);
  return { clock, board, news, tasks };
}
