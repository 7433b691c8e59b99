import type { EventRecord } from '../../src/core/ports/engine.ts';
import { FRAME_END, progressFields } from '../../src/protocol/progress.ts';

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
