import * as v from 'valibot';
import { shorten, show } from './ids.ts';
import type { Fault } from './problems.ts';

/** Most faults that one answer names: whoever sends thousands gets no answer that is longer than what was sent. */
const MOST_FAULTS = 20;

/** The first faults of a request, and how many more there are. */
export function namedFaults(faults: readonly Fault[]): readonly Fault[] {
  const more = faults.length - MOST_FAULTS;
  if (more <= 0) return faults;
  return [...faults.slice(0, MOST_FAULTS), { path: '', detail: `and ${more} more` }];
}

/** Goes before the schema of an object: a list has keys too, and would pass as one. */
export const notAList = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'got a list, wanted an object'),
);

/** What a schema found wrong, as faults with the path of each (`payload.task_id`). */
export function faultsOf(issues: readonly v.BaseIssue<unknown>[], prefix = ''): Fault[] {
  return issues.map((issue) => ({ path: pathOf(issue, prefix), detail: detailOf(issue) }));
}

function pathOf(issue: v.BaseIssue<unknown>, prefix: string): string {
  const keys = issue.path?.map((item) => shorten(String(item.key))) ?? [];
  return [...(prefix === '' ? [] : [prefix]), ...keys].join('.');
}

function detailOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'unknown field';
  if (issue.type === 'object' || issue.type === 'strict_object' || issue.type === 'loose_object') {
    return issue.received === 'undefined' ? 'missing' : `got ${show(issue.input)}, wanted an object`;
  }
  if (issue.message.startsWith('got ')) return issue.message;
  return `got ${show(issue.input)}, ${wantedBy(issue)}`;
}

/** In words of ours where a schema brings none. */
function wantedBy({ type, message, expected, requirement }: v.BaseIssue<unknown>): string {
  if (message.startsWith('wanted ')) return message;
  switch (type) {
    case 'min_value':
      return `wanted at least ${requirement}`;
    case 'max_value':
      return `wanted at most ${requirement}`;
    case 'integer':
      return 'wanted an integer';
    default:
      return `wanted a ${expected}`;
  }
}
