import type { AgentEvent, Status } from './events.ts';
import { AGENT_STATUS_CHANGED } from './events.ts';

/** How far a worker says that a task is. */
export type Progress = {
  readonly step: number;
  /** At least 1, and at least `step`. */
  readonly total: number;
  /** 0 to 100; as the worker gave it, or computed to one decimal. */
  readonly percent: number;
};

/** The progress that an event tells; null for a persisted event. */
export function progressOf({ ephemeral, payload }: AgentEvent): Progress | null {
  if (!ephemeral) return null;
  const [step, total] = [Number(payload.current_step), Number(payload.total_steps)];
  const percent = Number(payload.progress_percent ?? Math.round((step / total) * 1000) / 10);
  return { step, total, percent };
}

const ENDS: readonly unknown[] = ['completed', 'failed', 'cancelled'] satisfies Status[];

/** Whether an event ends the run of its task, however far that came. */
export const endsTask = ({ eventType, taskId, payload }: AgentEvent): boolean =>
  eventType === AGENT_STATUS_CHANGED && taskId !== null && ENDS.includes(payload.new_status);

/** What the server says itself about a task, whatever a payload claims. */
const OWN_FIELDS: readonly string[] = ['progress_percent', 'estimated_seconds_remaining', 'merged'];

/** The fields of a payload that are the worker's to say. */
export const withoutOwnFields = (payload: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => !OWN_FIELDS.includes(name)));

/**
 * What the engine puts between head and tail of an update's frame (contract §4).
 * @param remainingMs null while nobody knows
 */
export function progressFields(percent: number, remainingMs: number | null): string {
  const seconds = remainingMs === null ? null : (remainingMs / 1_000).toFixed(2);
  return `,"progress_percent":${percent},"estimated_seconds_remaining":${seconds}`;
}

/** The end of every update's frame: it stands for itself alone. */
export const FRAME_END = ',"merged":1}}';

const utf8 = new TextEncoder();
const REPLACED_BYTES = '1}}'.length;

/** The frame of an update that stands for so many. The fields are in a fixed order, so that nothing is parsed. */
export function withMerged(frame: Uint8Array, merged: number): Uint8Array {
  if (merged === 1) return frame;
  const end = utf8.encode(`${merged}}}`);
  const start = frame.length - REPLACED_BYTES;
  const changed = new Uint8Array(start + end.length);
  changed.set(frame.subarray(0, start));
  changed.set(end, start);
  return changed;
}
