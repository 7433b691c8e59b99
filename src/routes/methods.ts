import { problemResponse } from '../protocol/problems.ts';
import type { AppContext } from './context.ts';

/** Answers every method that a route has no handler for; `methods` are those that it has (RFC 9110 §15.5.6). */
export const onlyMethods =
  (methods: string) =>
  (c: AppContext): Response =>
    problemResponse({
      code: 'method-not-allowed',
      detail: `got ${c.req.method}, wanted ${methods}`,
      headers: { allow: methods },
    });
