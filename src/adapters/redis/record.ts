import type { Buffer } from 'node:buffer';
import type { EventHeader, EventRecord, NewEvent } from '../../core/ports/engine.ts';
import type { Priority } from '../../protocol/events.ts';

// An event on the wire and in the log: `<epoch> <sequence id> <labels>\n<frame>`. The labels stand in front so that
// an instance can filter without reading JSON; no id contains a space or `~`, which stands for "none".

const NONE = '~';
const NEW_LINE = 0x0a;

/** What stands before the frame, but for epoch and sequence id, which the script puts there. */
export const labelsOf = ({ priority, eventType, agentId, projectId, taskId }: NewEvent): string =>
  `${priority} ${eventType} ${agentId} ${projectId ?? NONE} ${taskId ?? NONE}`;

/** Reads an event off the wire; null for what no script of ours can have written. The frame is not copied. */
export function decodeRecord(bytes: Buffer): EventRecord | null {
  const end = bytes.indexOf(NEW_LINE);
  if (end === -1) return null;
  const header = decodeHeader(bytes.toString('latin1', 0, end).split(' '));
  return header === null ? null : { header, frame: bytes.subarray(end + 1) };
}

function decodeHeader(words: string[]): EventHeader | null {
  const [epoch, sequence, priority, eventType, agentId, project, task] = words;
  if (epoch === undefined || eventType === undefined || agentId === undefined || task === undefined)
    return null;
  return {
    agentId,
    eventType,
    projectId: project === undefined || project === NONE ? null : project,
    taskId: task === NONE ? null : task,
    priority: priority as Priority,
    position: sequence === NONE ? null : { epoch, sequenceId: Number(sequence) },
  };
}
