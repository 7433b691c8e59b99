import { MAX_PAYLOAD_BYTES, parseEvent } from '../../protocol/events.ts';
import { shorten } from '../../protocol/ids.ts';
import type { InputLine } from './input-lines.ts';

/** Largest body of a publish request, in bytes, less what frames a batch (contract §5). */
export const MAX_EVENTS_BYTES = 1024 * 1024 - 64;

/** A checked event, ready to be sent. */
export type EventLine = {
  /** Its line in the input, from 1; null for an event of the command line's flags. */
  readonly line: number | null;
  /** JSON, as it was given. */
  readonly json: string;
  readonly bytes: number;
  /** How much of the input was read up to its end, in bytes. */
  readonly endsAt: number;
};

/** Where an event stands, as a report names it. */
export const placeOf = ({ line }: { readonly line: number | null }): string =>
  line === null ? 'the event' : `line ${line}`;

export type EventLineOptions = {
  /** Told of every line that is no event that a server takes. */
  refused(line: number, why: string): void;
};

/** The events of NDJSON: one JSON object a line; empty lines are passed over. */
export async function* eventLines(
  lines: AsyncIterable<InputLine>,
  { refused }: EventLineOptions,
): AsyncGenerator<EventLine> {
  for await (const { number, text, endsAt } of lines) {
    const json = text?.trim();
    if (json === '') continue;
    const why = json === undefined ? UNREADABLE : refusalOf(json);
    if (json === undefined || why !== null) refused(number, why ?? UNREADABLE);
    else yield { line: number, json, bytes: Buffer.byteLength(json), endsAt };
  }
}

const UNREADABLE = `wanted UTF-8 text of at most ${MAX_EVENTS_BYTES} bytes`;

/** Why a server would refuse the event, each fault with its path; null where it would not. */
export function refusalOf(json: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return `got ${shorten(json)}, wanted one event as JSON, all of it on this line`;
  }
  const result = parseEvent(value);
  if (result.kind === 'faults') {
    return result.faults.map(({ path, detail }) => (path === '' ? detail : `${path}: ${detail}`)).join('; ');
  }
  const size = payloadBytes(result.event.payload);
  return size > MAX_PAYLOAD_BYTES
    ? `payload: got ${size} bytes of JSON, wanted at most ${MAX_PAYLOAD_BYTES}`
    : null;
}

/** Infinity for what is nested too deeply to be written as JSON again. */
function payloadBytes(payload: object): number {
  try {
    return Buffer.byteLength(JSON.stringify(payload));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
