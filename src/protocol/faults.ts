import type * as v from 'valibot';
import { show } from './ids.ts';
import type { Fault } from './problems.ts';

/** What a schema found wrong, as faults with the path of each (`payload.task_id`). */
export function faultsOf(issues: readonly v.BaseIssue<unknown>[], prefix = ''): Fault[] {
  return issues.map((issue) => ({ path: pathOf(issue, prefix), detail: detailOf(issue) }));
}

function pathOf(issue: v.BaseIssue<unknown>, prefix: string): string {
  const keys = issue.path?.map((item) => String(item.key)) ?? [];
  return [...(prefix === '' ? [] : [prefix]), ...keys].join('.');
}

function detailOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'unknown field';
  if (issue.type === 'object' || issue.type === 'strict_object' || issue.type === 'loose_object') {
    return issue.received === 'undefined' ? 'missing' : `got ${show(issue.input)}, wanted an object`;
  }
  if (issue.message.startsWith('got ')) return issue.message;
  return `got ${show(issue.input)}, wanted ${issue.expected ?? issue.message}`;
}
