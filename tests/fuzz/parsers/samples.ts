import type { Filters } from '../../../src/protocol/filters.ts';
import { MAX_FILTER_VALUES } from '../../../src/protocol/filters.ts';
import { isEventType, isId } from '../../../src/protocol/ids.ts';
import { always } from '../parser.ts';

/** Pieces of JSON that readers of JSON stumble over. */
export const JSON_WORDS: readonly string[] = [
  'null',
  'true',
  '{}',
  '[]',
  '""',
  ',',
  ':',
  '"__proto__":',
  '"constructor":{"prototype":null}',
  '"toString":1,',
  '"\\u0000"',
  '"\\ud800"',
  '1e400',
  '-0',
  '1.0000000000000002',
  '"agent_ids":',
  '"a-1"',
  '[[[[',
  '}}}}',
];

/** @throws where filters that a parser accepted are none */
export function wellFormedFilters({ agent_ids, project_ids, event_types }: Filters): void {
  for (const [values, isOne] of [
    [agent_ids, isId],
    [project_ids, isId],
    [event_types, isEventType],
  ] as const) {
    always(
      values === null || (values.length <= MAX_FILTER_VALUES && values.every(isOne)),
      'filters hold ids',
    );
  }
}
