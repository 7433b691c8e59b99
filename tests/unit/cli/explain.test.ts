import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../../src/cli/explain.ts';
import { explanationText } from '../../../src/cli/explain.ts';

const AT = '2026-01-08T12:00:00.000Z';
const LATER = '2026-01-08T12:00:00.001Z';
const event = { event_type: 'NOTE', agent_id: 'a-1', priority: 'normal', timestamp: AT };
const log = { state: 'kept', epoch: 'e-1', oldest_sequence_id: 1, newest_sequence_id: 9, event };
const instance = { instance_id: 'i-1', answered: true, connections: 2, knows_since: null, left_out: 0 };

function textOf(fields: Partial<Explanation>): string {
  const whole = { user_id: 'u-1', sequence_id: 7, log, instances: [instance], history: [], ...fields };
  return explanationText(whole);
}

describe('the text of an explanation', () => {
  test('says where nothing of an event is remembered any more, and where all of it is', () => {
    const since = (knows_since: string | null) => textOf({ instances: [{ ...instance, knows_since }] });
    expect(since(LATER)).toContain(
      `everything since ${LATER}, which is later than this event: what happened before is forgotten.`,
    );
    expect(since(AT)).toContain(`everything since ${AT}.`);
    expect(since(null)).toContain('everything since its start.');
  });

  test('says which instance did not answer, and what was left out', () => {
    const text = textOf({
      instances: [
        { ...instance, left_out: 3 },
        { instance_id: 'i-2', answered: false },
      ],
    });
    expect(text).toContain('; 3 older things are left out.');
    expect(text).toContain('i-2 did not answer: what happened there is not shown.');
  });

  test('shows nothing that a terminal would obey', () => {
    const odd = '\x1b[2J\n\r\x9b';
    const row = { time: AT, instance_id: odd, connection_id: odd, what: odd, reason: odd };
    const text = textOf({
      user_id: odd,
      log: { ...log, state: odd, epoch: odd, event: { ...event, agent_id: odd } },
      instances: [{ ...instance, instance_id: odd }],
      history: [row],
    });
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text.trim().split('\n')).toHaveLength(6);
  });
});
