import { namedFaults } from '../protocol/faults.ts';
import { shorten } from '../protocol/ids.ts';
import type { Fault } from '../protocol/problems.ts';
import { problemResponse } from '../protocol/problems.ts';
import type { AppContext } from './context.ts';

/** What is wrong with the names of a query: each of `names` may stand once, and nothing else. Their values are not looked at. */
export function parameterFaults(c: AppContext, names: readonly string[]): Fault[] {
  return Object.entries(c.req.queries()).flatMap(([name, values]) => {
    if (!names.includes(name))
      return [{ path: shorten(name), detail: `unknown parameter, wanted ${names.join(' and ')} alone` }];
    return values.length > 1 ? [{ path: name, detail: 'got several, wanted one' }] : [];
  });
}

/** The refusal of a request for what its path or its query says. */
export const invalidParameters = (faults: readonly Fault[]): Response =>
  problemResponse({
    code: 'invalid-parameters',
    detail: 'the request is not valid',
    errors: namedFaults(faults),
  });
