import { describe, expect, it } from 'vitest';
import type { Filterable, Filters } from '../../../src/protocol/filters.ts';
import { NO_FILTERS, passes, without } from '../../../src/protocol/filters.ts';

const event = (fields: Partial<Filterable> = {}): Filterable => ({
  agentId: 'a-1',
  projectId: 'p-1',
  eventType: 'NOTE',
  ...fields,
});
const filters = (fields: Partial<Filters>): Filters => ({ ...NO_FILTERS, ...fields });

describe('filters', () => {
  it('let everything through where there are none', () => {
    expect(passes(NO_FILTERS, event())).toBe(true);
    expect(passes(NO_FILTERS, event({ projectId: null }))).toBe(true);
  });

  it.each([
    ['agent_ids', { agent_ids: ['a-0', 'a-1'] }, { agent_ids: ['a-0'] }],
    ['project_ids', { project_ids: ['p-0', 'p-1'] }, { project_ids: ['p-0'] }],
    ['event_types', { event_types: ['OTHER', 'NOTE'] }, { event_types: ['OTHER'] }],
  ])('%s is an OR of its values', (_, open, shut) => {
    expect(passes(filters(open), event())).toBe(true);
    expect(passes(filters(shut), event())).toBe(false);
  });

  it('are an AND between them', () => {
    const all = { agent_ids: ['a-1'], project_ids: ['p-1'], event_types: ['NOTE'] };
    expect(passes(all, event())).toBe(true);
    expect(passes({ ...all, agent_ids: ['a-2'] }, event())).toBe(false);
    expect(passes({ ...all, project_ids: ['p-2'] }, event())).toBe(false);
    expect(passes({ ...all, event_types: ['OTHER'] }, event())).toBe(false);
  });

  it('of projects hold back an event that has none', () => {
    expect(passes(filters({ project_ids: ['p-1'] }), event({ projectId: null }))).toBe(false);
  });

  it('with an empty list let nothing through', () => {
    expect(passes(filters({ agent_ids: [] }), event())).toBe(false);
    expect(passes(filters({ project_ids: [] }), event())).toBe(false);
    expect(passes(filters({ event_types: [] }), event())).toBe(false);
  });

  it('compare whole values', () => {
    expect(passes(filters({ agent_ids: ['a-10', 'a'] }), event())).toBe(false);
    expect(passes(filters({ agent_ids: ['A-1'] }), event())).toBe(false);
  });
});

describe('taking values out of filters', () => {
  const before = filters({ agent_ids: ['a-1', 'a-2'], event_types: ['NOTE'] });

  it('takes those values, and leaves the filters that are not named', () => {
    expect(without(before, filters({ agent_ids: ['a-1', 'a-9'] }))).toEqual(
      filters({ agent_ids: ['a-2'], event_types: ['NOTE'] }),
    );
    expect(without(before, NO_FILTERS)).toEqual(before);
  });

  it('leaves a filter that loses its last value letting nothing through', () => {
    const after = without(before, filters({ event_types: ['NOTE'] }));
    expect(after.event_types).toEqual([]);
    expect(passes(after, event())).toBe(false);
  });

  it('takes nothing out of a filter that lets everything through', () => {
    expect(without(NO_FILTERS, filters({ agent_ids: ['a-1'] }))).toEqual(NO_FILTERS);
  });

  it('leaves the given filters as they were', () => {
    without(before, filters({ agent_ids: ['a-1'] }));
    expect(before.agent_ids).toEqual(['a-1', 'a-2']);
  });
});
