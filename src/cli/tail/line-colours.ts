import type { Message } from '../../client/index.ts';
import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../../protocol/events.ts';
import type { Colour } from '../colours.ts';

const OF_STATUS: ReadonlyMap<unknown, Colour> = new Map([
  ['idle', 'dim'],
  ['working', 'cyan'],
  ['stuck', 'yellow'],
  ['failed', 'red'],
  ['completed', 'green'],
  ['cancelled', 'dim'],
]);

/** The colour of an event's line; null for the terminal's own. */
export function eventColour({ type, payload }: Message): Colour | null {
  if (type === PROGRESS_UPDATE) return 'dim';
  return type === AGENT_STATUS_CHANGED ? (OF_STATUS.get(payload.new_status) ?? null) : null;
}

/** Whether a notice tells of events that are missing. */
export const isGap = (text: string): boolean => /\bGAP: /.test(text);

/** Gaps are what a reader must not overlook; the rest of the notices steps back. */
export const noticeColour = (text: string): Colour => (isGap(text) ? 'yellow' : 'dim');
