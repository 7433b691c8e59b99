import * as v from 'valibot';
import { notAList } from './faults.ts';
import { eventTypeSchema, idSchema } from './ids.ts';

/** How many values one filter may hold (contract §3). */
export const MAX_FILTER_VALUES = 50;

/** OR within one filter, AND between them; null lets everything of the user through. */
export type Filters = {
  readonly agent_ids: readonly string[] | null;
  readonly project_ids: readonly string[] | null;
  readonly event_types: readonly string[] | null;
};

export const NO_FILTERS: Filters = { agent_ids: null, project_ids: null, event_types: null };

/** What filters look at; stands in front of each event, so that no instance parses its JSON. */
export type Filterable = {
  readonly agentId: string;
  readonly projectId: string | null;
  readonly eventType: string;
};

const LIST_WANTED = 'wanted a list of values, or null for all';

// Counted before its values are looked at: each wrong one is named, and there may be very many.
const listOf = <Item extends v.GenericSchema<string>>(item: Item) =>
  v.pipe(
    v.array(v.unknown(), LIST_WANTED),
    v.maxLength(
      MAX_FILTER_VALUES,
      (issue) => `got ${issue.received} values, wanted at most ${MAX_FILTER_VALUES}`,
    ),
    v.array(item),
  );

/** The values of each filter. */
export const filterLists = {
  agent_ids: listOf(idSchema),
  project_ids: listOf(idSchema),
  event_types: listOf(eventTypeSchema),
};

/** The filters of a client's message, where they stand beside other fields; an absent filter is null. */
export const filterEntries = {
  agent_ids: v.nullish(filterLists.agent_ids, null),
  project_ids: v.nullish(filterLists.project_ids, null),
  event_types: v.nullish(filterLists.event_types, null),
};

/** Filters as they stand in a client's message. */
export const filtersSchema = v.pipe(notAList, v.object(filterEntries));

/** Filters as the server says them: each is there. */
export const filtersInForceSchema = v.object({
  agent_ids: v.nullable(filterLists.agent_ids),
  project_ids: v.nullable(filterLists.project_ids),
  event_types: v.nullable(filterLists.event_types),
});

/** Whether an event passes. */
export function passes(filters: Filters, event: Filterable): boolean {
  const { agent_ids, project_ids, event_types } = filters;
  if (agent_ids !== null && !agent_ids.includes(event.agentId)) return false;
  if (project_ids !== null && (event.projectId === null || !project_ids.includes(event.projectId)))
    return false;
  return event_types === null || event_types.includes(event.eventType);
}

/**
 * Takes values out of filters. A filter that is null lets everything through, so there is nothing to take out of
 * it; one that loses its last value lets nothing through any more, which an empty list says.
 */
export function without(filters: Filters, taken: Filters): Filters {
  const left = (values: readonly string[] | null, gone: readonly string[] | null) =>
    values === null || gone === null ? values : values.filter((value) => !gone.includes(value));
  return {
    agent_ids: left(filters.agent_ids, taken.agent_ids),
    project_ids: left(filters.project_ids, taken.project_ids),
    event_types: left(filters.event_types, taken.event_types),
  };
}
