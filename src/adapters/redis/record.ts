import type { Buffer } from 'node:buffer';
import type { EventHeader, EventRecord, NewEvent, ProgressPlace } from '../../core/ports/engine.ts';
import type { Priority } from '../../protocol/events.ts';
import { PRIORITIES } from '../../protocol/events.ts';

// An event on the wire and in the log: `<epoch> <sequence id> <labels>\n<frame>`. The labels stand in front so that
// an instance can filter without reading JSON; no id contains a space or `~`, which stands for "none". An ephemeral
// event has no sequence id; its labels end with its place in its task: `<run> <update> <step> <total>`. Those of a status
// that ends the run of its task end with `end`.

const NONE = '~';
const END = 'end';
const NEW_LINE = 0x0a;

/** What stands before the frame, but for what the script puts there: epoch, sequence id, and a place in a task. */
export const labelsOf = (event: NewEvent): string => {
  const { priority, eventType, agentId, projectId, taskId, endsTask } = event;
  return `${priority} ${eventType} ${agentId} ${projectId ?? NONE} ${taskId ?? NONE}${endsTask ? ` ${END}` : ''}`;
};

/**
 * What the script is told of the task of an event: `<step> <total> <percent> <name>` where it tells how far the task is, the
 * name alone where it ends the run, else nothing.
 */
export function taskWordsOf({ agentId, taskId, progress, endsTask }: NewEvent): string {
  const name = `${agentId} ${taskId}`;
  if (progress !== null) return `${progress.step} ${progress.total} ${progress.percent} ${name}`;
  return endsTask ? name : '';
}

/**
 * Reads an event off the wire; null for what no script of ours can have written. The frame is not copied, but for an
 * ephemeral one: it is kept while its task is silent, and would keep all that came off the wire with it.
 */
export function decodeRecord(bytes: Buffer, start = 0, end = bytes.length): EventRecord | null {
  const line = bytes.indexOf(NEW_LINE, start);
  if (line === -1 || line >= end) return null;
  const header = decodeHeader(bytes.toString('latin1', start, line).split(' '));
  if (header === null) return null;
  const frame = bytes.subarray(line + 1, end);
  return { header, frame: header.progress === undefined ? frame : Uint8Array.from(frame) };
}

/** Reads many events, each behind its length in bytes and a new line; what no script of ours can have written is left out. */
export function decodeRecords(bytes: Buffer): EventRecord[] {
  const records: EventRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = bytes.indexOf(NEW_LINE, at) + 1;
    const end = start + Number(bytes.toString('latin1', at, start - 1));
    const record = decodeRecord(bytes, start, end);
    if (record !== null) records.push(record);
    at = end;
  }
  return records;
}

function decodeHeader(words: string[]): EventHeader | null {
  const [epoch, sequence, priority, eventType, agentId, project, task, ...place] = words;
  if (epoch === undefined || eventType === undefined || agentId === undefined || task === undefined)
    return null;
  const progress = sequence === NONE ? placeOf(place) : undefined;
  const sequenceId = Number(sequence);
  if (progress === null || !isPriority(priority)) return null;
  if (progress === undefined && !(Number.isSafeInteger(sequenceId) && sequenceId > 0)) return null;
  return {
    agentId,
    eventType,
    projectId: project === undefined || project === NONE ? null : project,
    taskId: task === NONE ? null : task,
    priority,
    position: sequence === NONE ? null : { epoch, sequenceId },
    ...(progress && { progress }),
    ...(sequence !== NONE && place[0] === END && { endsTask: true as const }),
  };
}

const priorities: readonly (string | undefined)[] = PRIORITIES;
const isPriority = (word: string | undefined): word is Priority => priorities.includes(word);

function placeOf(words: readonly string[]): ProgressPlace | null {
  const [run, update, step, total] = words.map(Number);
  if (run === undefined || update === undefined || step === undefined || total === undefined) return null;
  return [run, update, step, total].every(Number.isSafeInteger) ? { run, update, step, total } : null;
}
