import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { checkedFilters } from '../../../src/client/filters.ts';
import type {
  ProgressPayload,
  PublishedEvent,
  PublishedProgress,
  PublishedStatus,
  StatusPayload,
} from '../../../src/client/index.ts';
import type { progressPayloadSchema, statusPayloadSchema } from '../../../src/protocol/events.ts';
import { parseEvent } from '../../../src/protocol/events.ts';
import { filtersSchema } from '../../../src/protocol/filters.ts';

type Status = v.InferOutput<typeof statusPayloadSchema>;
type Progress = v.InferOutput<typeof progressPayloadSchema>;

// It loads no schema of the protocol, and says the same in types of its own. `npm run types` checks that they agree.
test('the types of the library agree with the schemas of the protocol', () => {
  expectTypeOf<PublishedStatus['payload']>().toExtend<Status>();
  expectTypeOf<PublishedProgress['payload']>().toExtend<Progress>();
  expectTypeOf<StatusPayload>().toExtend<Status>();
  expectTypeOf<ProgressPayload>().toExtend<Progress>();
  expectTypeOf<Status>().toExtend<PublishedStatus['payload']>();
});

test('the server takes what the types of the library let through', () => {
  const of = { user_id: 'u-1', agent_id: 'a-1', project_id: 'p-1' };
  const events: PublishedEvent[] = [
    {
      ...of,
      event_type: 'AGENT_STATUS_CHANGED',
      payload: { old_status: 'idle', new_status: 'failed', progress: 4 },
    },
    { ...of, event_type: 'PROGRESS_UPDATE', payload: { task_id: 't-1', current_step: 1, total_steps: 2 } },
    { ...of, event_type: 'COST', priority: 'low', payload: { usd: 1 } },
  ];
  expect(events.map((event) => parseEvent(event).kind)).toEqual(['event', 'event', 'event']);
});

describe('filters: the library refuses what the server would', () => {
  const many = Array.from({ length: 51 }, (_, n) => `a-${n}`);
  test.each([
    { agent_ids: ['a-1', 'A.b:c_d'], project_ids: null },
    { agent_ids: many.slice(1) },
    { event_types: ['A', 'COST_2'] },
    { agent_ids: many },
    { agent_ids: [''] },
    { agent_ids: ['a b'] },
    { project_ids: ['x'.repeat(129)] },
    { event_types: ['cost'] },
    { event_types: [`A${'B'.repeat(64)}`] },
    { agent_ids: [1] },
    { agent_ids: 'a-1' },
  ])('%j', (filters) => {
    const isRefused = () => {
      try {
        checkedFilters(filters as Parameters<typeof checkedFilters>[0]);
        return false;
      } catch {
        return true;
      }
    };
    expect(isRefused()).toBe(!v.safeParse(filtersSchema, filters).success);
  });
});
