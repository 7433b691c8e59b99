import type { Message } from '../client/index.ts';
import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../protocol/events.ts';

const BAR_WIDTH = 20;
const AGENT_WIDTH = 11;
const NUMBER_WIDTH = 6;
/** Longest JSON of others that a line repeats, in characters. */
const MOST_JSON = 200;

/** What moves a terminal's cursor, or turns the direction of what stands beside it. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text of strangers as a terminal may show it. */
export const printable = (text: string): string => text.replace(CONTROLS, ' ');

/** One line for one event: when, its number in the stream (`·`: none, never replayed), which agent, what. */
export function eventText({ type, timestamp, sequence_id, payload }: Message): string {
  const time = new Date(timestamp).toTimeString().slice(0, 8);
  const number = (sequence_id === undefined ? '·' : `#${sequence_id}`).padStart(NUMBER_WIDTH);
  const agent = wordOf(payload.agent_id ?? '').padEnd(AGENT_WIDTH);
  return printable(`${time} ${number}  ${agent} ${whatHappened(type, payload)}`);
}

function whatHappened(type: string, payload: Message['payload']): string {
  switch (type) {
    case AGENT_STATUS_CHANGED:
      return joined([
        `${wordOf(payload.old_status)} → ${wordOf(payload.new_status)}`,
        progressOf(payload),
        payload.message,
      ]);
    case PROGRESS_UPDATE:
      return joined([barOf(payload), timeLeft(payload), payload.message]);
    default:
      return joined([type, payload.message ?? withoutIds(payload)]);
  }
}

const joined = (parts: readonly unknown[]): string =>
  parts
    .filter((part) => part !== '' && part != null)
    .map(wordOf)
    .join('  ');

/** Types of others put any JSON where ours have a text: an object is shown as such, and some cannot be made a text of. */
export const wordOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? shortJson(value) : String(value);

const progressOf = ({ progress }: Message['payload']): string =>
  progress === undefined ? '' : `${wordOf(progress)} %`;

function barOf({ progress_percent, current_step, total_steps }: Message['payload']): string {
  const share = Number(progress_percent ?? (Number(current_step) / Number(total_steps)) * 100);
  const percent = Math.min(100, Math.max(0, share || 0));
  const full = Math.round((percent / 100) * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `${bar} ${`${Math.round(percent)}`.padStart(3)} %  ${wordOf(current_step)}/${wordOf(total_steps)}`;
}

const timeLeft = ({ estimated_seconds_remaining: seconds }: Message['payload']): string =>
  typeof seconds === 'number' ? `about ${Math.max(0, Math.ceil(seconds))} s left` : '';

const withoutIds = ({ agent_id, project_id, ...rest }: Message['payload']): string => shortJson(rest);

function shortJson(value: object): string {
  const json = JSON.stringify(value);
  return json.length > MOST_JSON ? `${json.slice(0, MOST_JSON)}…` : json;
}
