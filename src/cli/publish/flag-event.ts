import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../../protocol/events.ts';
import { shorten } from '../../protocol/ids.ts';
import { UsageError } from '../exit-status.ts';
import type { EventLine } from './event-lines.ts';
import { refusalOf } from './event-lines.ts';

/** The flags that make up one event, as texts. */
export type EventFlags = {
  readonly user?: string;
  readonly agent?: string;
  readonly project?: string;
  readonly type?: string;
  readonly priority?: string;
  readonly status?: string;
  readonly oldStatus?: string;
  readonly task?: string;
  readonly progress?: string;
  readonly step?: string;
  readonly steps?: string;
  readonly message?: string;
  readonly payload?: string;
};

export const EVENT_FLAGS = [
  'user',
  'agent',
  'project',
  'type',
  'priority',
  'status',
  'oldStatus',
  'task',
  'progress',
  'step',
  'steps',
  'message',
  'payload',
] as const satisfies readonly (keyof EventFlags)[];

/** One event out of flags, checked as the server checks it. Throws a UsageError with every fault. */
export function flagEvent(flags: EventFlags): EventLine {
  const event = {
    event_type: typeOf(flags),
    user_id: flags.user,
    agent_id: flags.agent,
    project_id: flags.project,
    priority: flags.priority,
    payload: payloadOf(flags),
  };
  const json = JSON.stringify(event);
  const why = refusalOf(json);
  if (why !== null) throw new UsageError(`not an event: ${why}${missingFlags(why)}`);
  return { line: null, json, bytes: Buffer.byteLength(json), endsAt: 0 };
}

/** --status and --step say which type it is. */
function typeOf({ type, status, step }: EventFlags): string {
  const told = status !== undefined ? AGENT_STATUS_CHANGED : step !== undefined ? PROGRESS_UPDATE : null;
  if (status !== undefined && step !== undefined) {
    throw new UsageError('got --status and --step, wanted one of them: a status or progress');
  }
  if (told !== null && type !== undefined && type !== told) {
    const flag = status === undefined ? '--step' : '--status';
    throw new UsageError(`got ${flag} and --type ${shorten(type)}, wanted --type ${told} or none`);
  }
  const chosen = type ?? told;
  if (chosen === null)
    throw new UsageError('got no --type, wanted one, or --status or --step, which bring theirs');
  return chosen;
}

function payloadOf(flags: EventFlags): Record<string, unknown> {
  const { status, oldStatus, task, progress, step, steps, message } = flags;
  if (oldStatus !== undefined && status === undefined)
    throw new UsageError('got --old-status, wanted --status beside it');
  const fields = {
    ...(status === undefined ? {} : { old_status: oldStatus ?? usualBefore(status), new_status: status }),
    task_id: task,
    progress: numberOf('--progress', progress),
    current_step: numberOf('--step', step),
    total_steps: numberOf('--steps', steps),
    message,
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { ...objectOf(flags.payload), ...given };
}

/** What an agent was, most likely, before it got this status. */
const usualBefore = (status: string): string => (status === 'working' ? 'idle' : 'working');

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UsageError(`${flag}: got ${JSON.stringify(shorten(text))}, wanted a number`);
  }
  return value;
}

function objectOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UsageError(
    `--payload: got ${shorten(text)}, wanted a JSON object in quotes, such as '{"note":"hello"}'`,
  );
}

/** The flags that bring what an event cannot be without. */
const NEEDED_FLAGS = [
  ['user_id', '--user'],
  ['agent_id', '--agent'],
  ['payload.new_status', '--status'],
  ['payload.task_id', '--task'],
  ['payload.current_step', '--step'],
  ['payload.total_steps', '--steps'],
] as const;

function missingFlags(why: string): string {
  const faults = why.split('; ');
  const missing = NEEDED_FLAGS.filter(([path]) => faults.includes(`${path}: missing`)).map(
    ([, flag]) => flag,
  );
  return missing.length === 0 ? '' : ` (give ${new Intl.ListFormat('en-GB').format(missing)})`;
}
