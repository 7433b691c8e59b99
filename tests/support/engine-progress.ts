import type { Appended, Engine, EventRecord } from '../../src/core/ports/engine.ts';
import { freshKey, freshUser, jsonOf, newEvent, Recorder } from './engine-events.ts';
import type { EngineRig } from './engine-rig.ts';

export type Update = {
  readonly task?: string;
  readonly agent?: string;
  readonly step: number;
  readonly total?: number;
  readonly percent?: number;
  readonly message?: string;
};

/** Publishes an update of a task, of agent a-1's t-1 where `update` does not say otherwise. */
export const publish = (engine: Engine, user: string, update: Update): Promise<Appended> => {
  const { task = 't-1', agent = 'a-1', step, total = 10, percent, message } = update;
  const steps = { task_id: task, current_step: step, total_steps: total };
  const payload = { ...steps, progress_percent: percent, message };
  return engine.streams.append(
    newEvent(user, { event_type: 'PROGRESS_UPDATE', agent_id: agent, payload }),
    freshKey(),
  );
};

/** What dashboards see of an update: task, step, percentage. */
export const shown = (record: EventRecord): unknown[] => {
  const { task_id, current_step, progress_percent } = jsonOf(record).payload;
  return [task_id, current_step, progress_percent];
};

export const estimateOf = (record: EventRecord | undefined) =>
  jsonOf(record).payload.estimated_seconds_remaining;

export const stepsOf = (records: readonly EventRecord[]): number[] =>
  records.map((record) => jsonOf(record).payload.current_step);

export const steps = (...list: number[]): Update[] => list.map((step) => ({ step }));

/** Engines with a window of 300 s, of which the first hears of a user. */
export async function watched(rig: EngineRig, count = 1) {
  const engines: Engine[] = [];
  for (let n = 0; n < count; n++) engines.push(await rig.engine({ replayWindowMs: 300_000 }));
  const recorder = new Recorder(engines[0] as Engine);
  const user = freshUser();
  await engines[0]?.handover.subscribe(user);
  return { engines, recorder, user };
}
