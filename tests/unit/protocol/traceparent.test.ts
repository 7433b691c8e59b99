import { describe, expect, test } from 'vitest';
import { eventFrame } from '../../../src/protocol/server-messages.ts';
import { parseTraceparent, traceparentIn, traceparentText } from '../../../src/protocol/traceparent.ts';
import { eventOf } from '../../support/test-instance.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PART = '00f067aa0ba902b7';
const VALID = `00-${TRACE}-${PART}-01`;

const reread = (text: string) => {
  const parent = parseTraceparent(text);
  return parent && traceparentText(parent);
};

describe('a traceparent (W3C Trace Context §3.2)', () => {
  test.each([
    ['as it is', VALID, VALID],
    ['not sampled', `00-${TRACE}-${PART}-00`, `00-${TRACE}-${PART}-00`],
    ['with a flag of level 2', `00-${TRACE}-${PART}-03`, `00-${TRACE}-${PART}-03`],
    ['without flags that nobody knows', `00-${TRACE}-${PART}-fd`, VALID],
    ['of a later version, as the one that is known', `cc-${TRACE}-${PART}-ff`, VALID],
    ['of a later version that goes on', `01-${TRACE}-${PART}-00-what-comes`, `00-${TRACE}-${PART}-00`],
  ])('is taken %s', (_, text, taken) => expect(reread(text)).toBe(taken));

  test.each([
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${PART}-01`],
    ['version 00 that goes on', `${VALID}-more`],
    ['a later version that goes on without a dash', `01-${TRACE}-${PART}-01x`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PART}-01`],
    ['a part of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', VALID.toUpperCase()],
    ['a short trace', `00-${TRACE.slice(1)}-${PART}-01`],
    ['two of them', `${VALID}, ${VALID}`],
    ['what could break out of a frame', `00-${TRACE}-${PART}-01","x":"`],
  ])('is ignored: %s', (_, text) => expect(parseTraceparent(text)).toBeNull());
});

describe('the frame of an event', () => {
  const utf8 = new TextEncoder();
  const progress = { task_id: 't-1', current_step: 1, total_steps: 2 };
  const frameOf = (fields: object, traceparent: string | null) => {
    const { head, tail } = eventFrame(eventOf({ ...fields }), Date.UTC(2026, 0, 8), traceparent);
    return utf8.encode(`${head}${'event_type' in fields ? '' : '7'}${tail}`);
  };

  test.each([
    ['persisted', 'NOTE', {}],
    ['ephemeral', 'PROGRESS_UPDATE', { event_type: 'PROGRESS_UPDATE', payload: progress }],
  ])('carries it: %s', (_, eventType, fields) => {
    const frame = frameOf(fields, VALID);
    expect(JSON.parse(new TextDecoder().decode(frame))).toMatchObject({
      type: eventType,
      traceparent: VALID,
    });
    expect(traceparentIn(frame, eventType)).toBe(VALID);
    expect(traceparentIn(frameOf(fields, null), eventType)).toBeNull();
  });

  test('does not take one of a payload for its own', () => {
    const frame = frameOf({ payload: { traceparent: VALID } }, null);
    expect(traceparentIn(frame, 'NOTE')).toBeNull();
    expect(JSON.parse(new TextDecoder().decode(frame))).not.toHaveProperty('traceparent');
  });
});
