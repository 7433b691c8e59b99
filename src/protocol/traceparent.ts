/** `version-trace-parent-flags` (W3C Trace Context §3.2); a later version than 00 may go on behind it. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;
const LENGTH = 55;
/** Of the flags of version 00, those that are known: sampled, and that the trace id is random; others are passed on as 0. */
const KNOWN = 0x03;
/** Of the flags that a later version may have, this alone is known. */
const SAMPLED = 0x01;

/** Which trace something belongs to, and which part of it began it. */
export type TraceParent = { readonly traceId: string; readonly spanId: string; readonly flags: number };

/** Reads a `traceparent`; null for what is none, which is to be ignored (W3C Trace Context level 2 §3.2.2 and §4.3). */
export function parseTraceparent(text: string): TraceParent | null {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || NOTHING.test(traceId) || NOTHING.test(spanId)) return null;
  if (version === '00' && more !== undefined) return null;
  const bits = Number.parseInt(flags, 16);
  return { traceId, spanId, flags: bits & (version === '00' ? KNOWN : SAMPLED) };
}

/** As version 00, which everybody reads. */
export const traceparentText = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;

// The fields of an event's frame are in a fixed order, `eventFrame` makes it: nothing is parsed, nothing else carries it.
const TYPE = '{"type":""'.length;
const TIMESTAMP = ',"timestamp":"2026-01-08T12:00:00.000Z"'.length;
const FIELD = ',"traceparent":"';
const latin1 = new TextDecoder('latin1');

/** The field of a frame that says which trace its event belongs to; an empty text where it belongs to none. */
export const traceparentField = (traceparent: string | null): string =>
  traceparent === null ? '' : `${FIELD}${traceparent}"`;

/** What `traceparentField` put into the frame of an event; null for nothing. */
export function traceparentIn(frame: Uint8Array, eventType: string): string | null {
  const start = TYPE + eventType.length + TIMESTAMP;
  const field = latin1.decode(frame.subarray(start, start + FIELD.length + LENGTH));
  return field.startsWith(FIELD) ? field.slice(FIELD.length) : null;
}
