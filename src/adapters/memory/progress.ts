import type { EventRecord, ProgressPlace } from '../../core/ports/engine.ts';
import type { Progress } from '../../protocol/progress.ts';

// Where each task of a user is (G10). The same steps as progress.lua.

/** Where one task is; times are of `Clock.elapsed`. */
export type TaskState = ProgressPlace & {
  /** The highest of the run. */
  readonly percent: number;
  /** When it was last heard of. */
  readonly at: number;
  /** Updates of the run that brought it further, the first not counted. */
  readonly advances: number;
  readonly steppedAt: number;
  /** Steps of the run and the time that they took, the older the fainter. */
  readonly steps: number;
  readonly span: number;
};

/** A user's tasks by name, and the newest update of those in the middle of a run. */
export type Tasks = Map<string, { readonly state: TaskState; readonly record: EventRecord | null }>;

/** What the pace goes by fades by 1/e in so many ms, but by no more than this from one step to the next. */
const PACE_FADES_MS = 30_000;
const LEAST_KEPT = 0.85;
/** What a run has to have shown before its pace means something. */
const LEAST_ADVANCES = 2;
const LEAST_RUN_MS = 200;

/** How many tasks go when there are too many, so that not every new task has to look at all of them. */
const TASKS_FREED = 50;

export const isOver = ({ step, total }: TaskState): boolean => step === total;

/**
 * Where an update leads; null for one that would go backwards. A run begins with step 0, or with 1 after the end of
 * another.
 */
export function advanced(old: TaskState | null, progress: Progress, now: number): TaskState | null {
  const { step, total, percent } = progress;
  if (old === null || (step === 0 && old.step > 0) || (step === 1 && isOver(old))) {
    const run = Math.max(Math.floor(now), old === null ? 0 : old.run + 1);
    const pace = { advances: 0, steppedAt: now, steps: 0, span: 0 };
    return { ...progress, ...pace, run, update: 1, at: now };
  }
  if (step < old.step) return null;
  // What a status ended is not taken up again by what was on its way.
  if (isOver(old) && step === old.step && total !== old.total) return null;
  const further = { step, total, percent: Math.max(percent, old.percent), update: old.update + 1, at: now };
  if (step === old.step) return { ...old, ...further };
  const passed = now - old.steppedAt;
  const kept = Math.max(Math.exp(-passed / PACE_FADES_MS), LEAST_KEPT);
  const steps = old.steps * kept + step - old.step;
  const span = old.span * kept + passed;
  return { ...further, run: old.run, advances: old.advances + 1, steppedAt: now, steps, span };
}

/** The time that the rest of a run will take, in ms; null while nobody knows. */
export function remainingMs(state: TaskState): number | null {
  const { step, total, advances, at, run, steps, span } = state;
  if (isOver(state)) return 0;
  if (advances < LEAST_ADVANCES || at - run < LEAST_RUN_MS || span === 0) return null;
  return Math.round(((total - step) * span) / steps);
}

/**
 * Makes room where there are too many tasks: those not heard of within the window go first, then those that ended,
 * then the rest; of each the longest silent.
 */
export function freeTasks(tasks: Tasks, { most, oldest }: { most: number; oldest: number }): void {
  if (tasks.size < most) return;
  const rank = (state: TaskState): number => (state.at <= oldest ? 0 : isOver(state) ? 1 : 2);
  const ranked = [...tasks].map(([name, { state }]) => ({ name, rank: rank(state), at: state.at }));
  ranked.sort((one, other) => one.rank - other.rank || one.at - other.at || (one.name < other.name ? -1 : 1));
  for (const { name } of ranked.slice(0, tasks.size - most + TASKS_FREED)) tasks.delete(name);
}
