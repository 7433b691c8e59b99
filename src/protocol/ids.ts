import * as v from 'valibot';

/** What an id looks like: agents, projects, tasks, connections, instances (contract §3). */
const ID = /^[A-Za-z0-9_.:-]{1,128}$/;

// Identity providers put `|`, `@` and `+` into `sub` (`auth0|5f…`, `ada@example.com`). Braces stay out: they
// would move the hash tag that keeps one user's Redis keys in one slot.
const USER_ID = /^[A-Za-z0-9_.:@|+-]{1,128}$/;

const EVENT_TYPE = /^[A-Z][A-Z0-9_]{0,63}$/;

export const ID_WANTED = '1 to 128 characters of A-Z a-z 0-9 _ . : -';
export const USER_ID_WANTED = '1 to 128 characters of A-Z a-z 0-9 _ . : @ | + -';
export const EVENT_TYPE_WANTED = 'an upper-case letter, then at most 63 of A-Z 0-9 _';

export const isId = (value: string): boolean => ID.test(value);
export const isUserId = (value: string): boolean => USER_ID.test(value);
export const isEventType = (value: string): boolean => EVENT_TYPE.test(value);

/** Longest text of a refused value that an error repeats, in characters. */
const SHOWN = 60;

/** What an error repeats of a text that was sent, which may be as long as the sender likes. */
export const shorten = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** A refused value as an error shows it: JSON, cut to a readable length. */
export const show = (value: unknown): string => shorten(value === undefined ? 'nothing' : jsonOf(value));

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    // JSON can be read that is nested too deeply to be written again.
    return typeof value;
  }
}

const textOf = (pattern: RegExp, wanted: string) =>
  v.pipe(
    v.string((issue) => `got ${show(issue.input)}, wanted ${wanted}`),
    v.regex(pattern, (issue) => `got ${show(issue.input)}, wanted ${wanted}`),
  );

export const idSchema = textOf(ID, ID_WANTED);
export const userIdSchema = textOf(USER_ID, USER_ID_WANTED);
export const eventTypeSchema = textOf(EVENT_TYPE, EVENT_TYPE_WANTED);
