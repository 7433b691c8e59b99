import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import type { AgentEvent } from '../../../src/protocol/events.ts';
import { NO_FILTERS } from '../../../src/protocol/filters.ts';
import { progressFields, progressOf, withMerged } from '../../../src/protocol/progress.ts';
import { eventFrame, messageFrame, timestampOf } from '../../../src/protocol/server-messages.ts';

const NOW = Date.UTC(2026, 0, 8, 12, 0, 0, 7);
const AT = '"timestamp":"2026-01-08T12:00:00.007Z"';

const event = (fields: Partial<AgentEvent> = {}): AgentEvent => ({
  eventType: 'NOTE',
  userId: 'u-1',
  agentId: 'a-1',
  projectId: null,
  taskId: null,
  priority: 'normal',
  ephemeral: false,
  payload: {},
  ...fields,
});

const progress = (payload: Record<string, unknown>): Record<string, unknown> => {
  const update = event({ eventType: 'PROGRESS_UPDATE', ephemeral: true, payload });
  const { head, tail } = eventFrame(update, NOW);
  const percent = progressOf(update)?.percent ?? Number.NaN;
  return JSON.parse(head + progressFields(percent, null) + tail).payload;
};

describe('a timestamp', () => {
  it('is RFC 3339 in UTC with milliseconds', () => {
    expect(timestampOf(NOW)).toBe('2026-01-08T12:00:00.007Z');
    expect(timestampOf(0)).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('the frame of a message', () => {
  const FILTERS = '"filters":{"agent_ids":["a-1"],"project_ids":null,"event_types":null}';
  const filters = { ...NO_FILTERS, agent_ids: ['a-1'] };

  it.each([
    [messageFrame({ type: 'PING', payload: {} }, NOW), `{"type":"PING",${AT},"payload":{}}`],
    [messageFrame({ type: 'PONG', payload: {} }, NOW), `{"type":"PONG",${AT},"payload":{}}`],
    [
      messageFrame({ type: 'FILTERS_UPDATED', payload: { filters } }, NOW),
      `{"type":"FILTERS_UPDATED",${AT},"payload":{${FILTERS}}}`,
    ],
    [
      messageFrame({ type: 'REPLAY_END', payload: { sequence_id: 9, delivered: 2 } }, NOW),
      `{"type":"REPLAY_END",${AT},"payload":{"sequence_id":9,"delivered":2}}`,
    ],
    [
      messageFrame(
        {
          type: 'REPLAY_START',
          payload: {
            reason: 'connected',
            epoch: 'e-1',
            after_sequence_id: 3,
            complete: false,
            missing: { from_sequence_id: 4, to_sequence_id: 6, reason: 'expired' },
          },
        },
        NOW,
      ),
      `{"type":"REPLAY_START",${AT},"payload":{"reason":"connected","epoch":"e-1","after_sequence_id":3,"complete":false,` +
        '"missing":{"from_sequence_id":4,"to_sequence_id":6,"reason":"expired"}}}',
    ],
    [
      messageFrame({ type: 'SERVER_DRAINING', payload: { reconnect_after_ms: 5, deadline_ms: 9 } }, NOW),
      `{"type":"SERVER_DRAINING",${AT},"payload":{"reconnect_after_ms":5,"deadline_ms":9}}`,
    ],
    [
      messageFrame(
        { type: 'TOKEN_EXPIRING', payload: { expires_at: timestampOf(NOW + 5), expires_in_ms: 5 } },
        NOW,
      ),
      `{"type":"TOKEN_EXPIRING",${AT},"payload":{"expires_at":"${timestampOf(NOW + 5)}","expires_in_ms":5}}`,
    ],
    [
      messageFrame({ type: 'ERROR', payload: { code: 'invalid_filters', message: 'größer' } }, NOW),
      `{"type":"ERROR",${AT},"payload":{"code":"invalid_filters","message":"größer"}}`,
    ],
  ])('%s', (frame, expected) => {
    expect(frame).toBe(expected);
  });
});

describe('the frame of an event', () => {
  it('has its sequence_id between head and tail', () => {
    const { head, tail } = eventFrame(event({ payload: { text: 'größer "✓"', list: [1, null] } }), NOW);
    expect(`${head}42${tail}`).toBe(
      `{"type":"NOTE",${AT},"sequence_id":42,"payload":{"agent_id":"a-1","text":"größer \\"✓\\"","list":[1,null]}}`,
    );
  });

  it('names agent and project first, whatever the payload calls itself', () => {
    const { head, tail } = eventFrame(
      event({ projectId: 'p-1', payload: { project_id: 'x', agent_id: 'y', z: 1 } }),
      NOW,
    );
    expect(`${head}1${tail}`).toContain('"payload":{"agent_id":"a-1","project_id":"p-1","z":1}');
  });

  it('keeps every field of the payload', () => {
    const payload = JSON.parse('{"constructor":1,"__proto__":{"c":2}}');
    const { head, tail } = eventFrame(event({ payload }), NOW);
    expect(`${head}1${tail}`).toContain('"payload":{"agent_id":"a-1","constructor":1,"__proto__":{"c":2}}');
  });
});

describe('the frame of a progress update', () => {
  it('has no sequence_id; what the engine knows stands before the end', () => {
    const payload = { task_id: 't-1', current_step: 1, total_steps: 2 };
    const { head, tail } = eventFrame(event({ eventType: 'PROGRESS_UPDATE', ephemeral: true, payload }), NOW);
    expect(head).toBe(
      `{"type":"PROGRESS_UPDATE",${AT},"payload":{"agent_id":"a-1","task_id":"t-1","current_step":1,"total_steps":2`,
    );
    expect(head + progressFields(50, 1_250) + tail).toBe(
      `${head},"progress_percent":50,"estimated_seconds_remaining":1.25,"merged":1}}`,
    );
  });

  it.each([1, 2, 10, 123_456])('can stand for %i updates, without being parsed', (merged) => {
    const frame = '{"type":"PROGRESS_UPDATE","payload":{"message":"größer 1}}","merged":1}}';
    const changed = new TextDecoder().decode(withMerged(new TextEncoder().encode(frame), merged));
    expect(changed).toBe(`{"type":"PROGRESS_UPDATE","payload":{"message":"größer 1}}","merged":${merged}}}`);
  });

  it('says the percentage, one decimal, and stands for itself alone', () => {
    expect(progress({ task_id: 't-1', current_step: 1, total_steps: 3 })).toEqual({
      agent_id: 'a-1',
      task_id: 't-1',
      current_step: 1,
      total_steps: 3,
      progress_percent: 33.3,
      estimated_seconds_remaining: null,
      merged: 1,
    });
  });

  it('keeps the percentage that the worker gave', () => {
    const steps = { task_id: 't-1', current_step: 1, total_steps: 3 };
    expect(progress({ ...steps, progress_percent: 12.345 }).progress_percent).toBe(12.345);
    expect(progress({ ...steps, progress_percent: 0 }).progress_percent).toBe(0);
  });

  it.each([
    [0, 7, 0],
    [7, 7, 100],
    [2, 3, 66.7],
  ])('step %i of %i is %d percent', (current_step, total_steps, percent) => {
    expect(progress({ task_id: 't-1', current_step, total_steps }).progress_percent).toBe(percent);
  });

  it('is what the server knows, not what the payload claims', () => {
    const claimed = { merged: 9, estimated_seconds_remaining: 5, progress_percent: 50 };
    const update = { task_id: 't-1', current_step: 1, total_steps: 2, ...claimed };
    expect(progress(update)).toMatchObject({ merged: 1, estimated_seconds_remaining: null });
    const { head, tail } = eventFrame(event({ ephemeral: true, payload: update }), NOW);
    for (const field of [...Object.keys(claimed)]) {
      expect((head + progressFields(50, null) + tail).split(`"${field}"`)).toHaveLength(2);
    }
  });
});

describe('close codes', () => {
  it('are those of the contract', () => {
    expect(Object.values(CLOSE).map(({ code, reason }) => `${code} ${reason}`)).toEqual([
      '1000 normal',
      '1009 message_too_big',
      '1012 service_restart',
      '4000 invalid_message',
      '4001 token_expired',
      '4002 disconnected_by_operator',
      '4100 slow_consumer',
      '4101 heartbeat_timeout',
      '4102 overloaded',
      '4200 resync_required',
    ]);
  });
});
