import type * as v from 'valibot';
import type { AgentEvent } from './events.ts';
import type { Immutable } from './immutable.ts';
import { FRAME_END, withoutOwnFields } from './progress.ts';
import type { missingSchema, SERVER_PAYLOADS } from './server-payloads.ts';
import { traceparentField } from './traceparent.ts';

type Payloads = typeof SERVER_PAYLOADS;

/** Messages that the server says of itself; events are framed by `eventFrame`. */
export type ServerMessage = {
  readonly [Type in keyof Payloads]: {
    readonly type: Type;
    readonly payload: Immutable<v.InferOutput<Payloads[Type]>>;
  };
}[keyof Payloads];

export type Missing = Immutable<v.InferOutput<typeof missingSchema>>;
export type ReplayReason = v.InferOutput<Payloads['REPLAY_START']>['reason'];
/** Why events were shed. */
export type DropReason = v.InferOutput<Payloads['MESSAGES_DROPPED']>['reason'];

/** RFC 3339 in UTC with milliseconds. */
export const timestampOf = (now: number): string => new Date(now).toISOString();

/** One message of the server as the text of its frame. */
export const messageFrame = (message: ServerMessage, now: number): string =>
  JSON.stringify({ type: message.type, timestamp: timestampOf(now), payload: message.payload });

/**
 * The frame of an event, ready but for what only the engine can give, which stands between `head` and `tail`: the
 * sequence_id, or what `progressFields` says of an ephemeral event.
 */
export type EventFrame = { readonly head: string; readonly tail: string };

/**
 * Builds the frame that every client of the event gets, once (contract §4).
 * @param traceparent of the trace that the event belongs to, as `parseTraceparent` takes it; null for none
 */
export function eventFrame(event: AgentEvent, now: number, traceparent: string | null = null): EventFrame {
  const trace = traceparentField(traceparent);
  const start = `{"type":"${event.eventType}","timestamp":"${timestampOf(now)}"${trace}`;
  const payload = payloadText(event);
  if (event.ephemeral) return { head: `${start},"payload":${payload.slice(0, -1)}`, tail: FRAME_END };
  return { head: `${start},"sequence_id":`, tail: `,"payload":${payload}}` };
}

/** Where the timestamp stands in a frame that `eventFrame` began, behind a type of no length. */
const TIMESTAMP_AT = '{"type":"","timestamp":"'.length;

/**
 * When an event was accepted, by its frame, in ms since 1970; NaN where the frame is none of `eventFrame`. Read digit
 * by digit, whose places are known: to parse the text takes ten times as long, and it is asked for while events leave.
 */
export function acceptedAt(frame: Uint8Array, eventType: string): number {
  const start = TIMESTAMP_AT + eventType.length;
  const [year, month, day] = [
    digits(frame, start, 4),
    digits(frame, start + 5, 2),
    digits(frame, start + 8, 2),
  ];
  const [hour, minute] = [digits(frame, start + 11, 2), digits(frame, start + 14, 2)];
  const [second, milliseconds] = [digits(frame, start + 17, 2), digits(frame, start + 20, 3)];
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
}

const ZERO = '0'.charCodeAt(0);

function digits(frame: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = 10 * value + (frame[at] ?? Number.NaN) - ZERO;
  return value;
}

/** The ids of the request stand first and win over fields of the same name in the payload. */
function payloadText(event: AgentEvent): string {
  const ids = {
    agent_id: event.agentId,
    ...(event.projectId === null ? {} : { project_id: event.projectId }),
  };
  const payload = event.ephemeral ? withoutOwnFields(event.payload) : event.payload;
  const names = Object.keys(ids);
  if (names.some((name) => Object.hasOwn(payload, name)))
    return JSON.stringify({ ...ids, ...payload, ...ids });
  // As text: to copy every payload into another object costs as much as all else that is done here.
  const [start, rest] = [JSON.stringify(ids), JSON.stringify(payload)];
  return rest === '{}' ? start : `${start.slice(0, -1)},${rest.slice(1)}`;
}
