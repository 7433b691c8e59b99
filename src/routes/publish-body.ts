import type { AgentEvent } from '../protocol/events.ts';
import { MAX_BATCH, MAX_PAYLOAD_BYTES, parseEvent } from '../protocol/events.ts';
import { show } from '../protocol/ids.ts';
import type { Fault } from '../protocol/problems.ts';
import { problemResponse } from '../protocol/problems.ts';

/** Reads the body of a publish request: its event, or the refusal that names every fault. */
export function parseEventBody(text: string): readonly AgentEvent[] | Response {
  const json = parseJson(text);
  if (json instanceof Response) return json;
  const result = parseEvent(json.value);
  if (result.kind === 'faults') return invalid(result.faults);
  const size = payloadBytes(result.event);
  if (size > MAX_PAYLOAD_BYTES) return problemResponse({ code: 'too-large', detail: tooLarge(size) });
  return [result.event];
}

/** Reads the body of a batch: all of its events, or the refusal that names each fault with the event's index. */
export function parseBatchBody(text: string): readonly AgentEvent[] | Response {
  const json = parseJson(text);
  if (json instanceof Response) return json;
  const items = itemsOf(json.value);
  if (items.length < 1 || items.length > MAX_BATCH) {
    const detail = `wanted a list of 1 to ${MAX_BATCH} events`;
    return invalid([{ path: 'events', detail }]);
  }
  const events: AgentEvent[] = [];
  const faults: Fault[] = [];
  for (const [index, item] of items.entries()) {
    const path = `events.${index}`;
    const result = parseEvent(item, path);
    if (result.kind === 'faults') {
      faults.push(...result.faults);
      continue;
    }
    const size = payloadBytes(result.event);
    if (size > MAX_PAYLOAD_BYTES) faults.push({ path: `${path}.payload`, detail: tooLarge(size) });
    events.push(result.event);
  }
  return faults.length > 0 ? invalid(faults) : events;
}

function itemsOf(value: unknown): readonly unknown[] {
  const events = typeof value === 'object' && value !== null && 'events' in value ? value.events : null;
  return Array.isArray(events) ? events : [];
}

function parseJson(text: string): { readonly value: unknown } | Response {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return problemResponse({ code: 'invalid-event', detail: `got ${show(text)}, wanted JSON` });
  }
}

const utf8 = new TextEncoder();

/** Infinity for a payload nested too deeply to be written as JSON again. */
function payloadBytes({ payload }: AgentEvent): number {
  try {
    return utf8.encode(JSON.stringify(payload)).length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const tooLarge = (size: number): string =>
  `got a payload of ${size} bytes, wanted at most ${MAX_PAYLOAD_BYTES}`;

const invalid = (errors: readonly Fault[]): Response =>
  problemResponse({ code: 'invalid-event', detail: 'the request is not valid', errors });
