import { findProgram } from './program-path.ts';

/** The path of a HAProxy; null where there is none. */
export const findHaproxy = (): string | null => findProgram('haproxy');

/** Why tests have no HAProxy; null where there is one. */
export const noHaproxy: string | null =
  findHaproxy() === null ? 'haproxy is not on PATH, and could not be installed' : null;
