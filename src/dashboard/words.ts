import type { Counters, Gap, Notices, ReplayNotice, StateChange, StreamEvent } from '../client/index.ts';

const REASONS: Readonly<Record<Gap['reason'], string>> = {
  expired: 'they are older than what the server keeps',
  trimmed: 'more came than the server keeps',
  epoch_changed: 'the stream began anew, and nobody can tell what was lost',
  buffer_full: 'this page was too slow, and they are not kept any more',
  rate_limited: 'there were too many, and they are not kept any more',
  reader_slow: 'this page did not keep up',
};

const REPLAYS: Readonly<Record<Extract<ReplayNotice, { phase: 'start' }>['reason'], string>> = {
  connected: 'Replay',
  requested: 'Asked again for what was shed',
  resync: 'The server noticed a hole and fills it',
};

/** Which events will not come, and why. */
export const gapText = ({ from_sequence_id: from, to_sequence_id: to, reason }: Gap): string =>
  `${from === to ? `Event ${from} is` : `Events ${from} to ${to} are`} not to be had: ${REASONS[reason] ?? reason}.`;

export function replayText(notice: ReplayNotice): string {
  if (notice.phase === 'end')
    return `Replay done: ${counted(notice.delivered, 'event')}, live after number ${notice.sequence_id}.`;
  const after = notice.after_sequence_id;
  return `${REPLAYS[notice.reason] ?? 'Replay'}: ${after === 0 ? 'all that is kept' : `what came after number ${after}`}.`;
}

/** What the server shed since the link was last calm. */
export function droppedText(count: number, byPriority: ReadonlyMap<string, number>): string {
  const parts = [...byPriority].map(([priority, some]) => `${some} ${priority}`).join(', ');
  return `${counted(count, 'message')} shed by the server, lowest priority first (${parts}). What it keeps is asked for once it is calm.`;
}

const STATES: Readonly<Record<StateChange['state'], string>> = {
  connecting: 'Connecting',
  replaying: 'Catching up',
  live: 'Live',
  waiting: 'No connection',
  closed: 'Closed',
};

export const stateText = (state: StateChange['state']): string => STATES[state];

/** The second line: when it goes on, and why not now, which a narrow page may cut; `leftMs` is null where nothing is waited for. */
export function whyText(why: string | null, leftMs: number | null): string {
  const reason = why === null ? '' : sentence(why);
  return leftMs === null ? reason : `Trying again in ${Math.ceil(leftMs / 1_000)} s. ${reason}`;
}

/** Up to where everything is here or named as missing; null: no stream is known yet. */
export const positionText = (sequenceId: number | null): string =>
  sequenceId === null ? '' : `Complete up to number ${sequenceId}`;

/** What comes from now on. */
export function filtersText({ agent_ids: agents, event_types: types }: Notices['filters']): string {
  const parts = [
    agents === null ? '' : `agents ${agents.join(', ')}`,
    types === null ? '' : `types ${types.join(', ')}`,
  ];
  const named = parts.filter((part) => part !== '');
  return `In force from now on: ${named.length === 0 ? 'everything' : named.join('; ')}.`;
}

/** More than anybody reads of one line, in characters; an event may bring 64 KiB, and a page of them would stand still. */
const MOST_CHARACTERS = 500;

/** As much of a text as the page shows. */
export const shortText = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;

/** What an event says, in a line. */
export function eventText({ kind, type, payload }: StreamEvent): string {
  const message = typeof payload.message === 'string' ? shortText(payload.message) : '';
  if (kind === 'status') return joined([`${payload.old_status} → ${payload.new_status}`, message]);
  return joined([type, message]);
}

/** About how long a task still takes, in seconds; null: nobody knows. */
export function timeLeftText(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 1) return 'any moment';
  return seconds < 90 ? `about ${Math.ceil(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;
}

export const COUNTER_NAMES: readonly (readonly [name: keyof Counters, label: string])[] = [
  ['received', 'events'],
  ['progress', 'progress'],
  ['dropped', 'shed'],
  ['recovered', 'recovered'],
  ['gaps', 'gaps'],
  ['duplicates', 'duplicates'],
  ['reconnects', 'came back'],
];

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' · ');
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
