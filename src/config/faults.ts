import { show } from '../protocol/ids.ts';

/** One wrong variable: its name, what it held (a secret only by its length) and what it takes. */
export interface ConfigFault {
  readonly variable: string;
  readonly got: string;
  readonly wanted: string;
}

/** The environment cannot be used. `message` has one line for each fault; no secret stands in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map((fault) => `  ${fault.variable}: got ${fault.got}, wanted ${fault.wanted}`);
    super(['wrong configuration:', ...lines].join('\n'));
    this.faults = faults;
  }
}

/** How a refused text stands in a fault; `whole` is the list that it is an entry of. */
export type ShowText = (text: string, whole?: string) => string;

export const showPlain: ShowText = (text) => show(text);

export const showHidden: ShowText = (text) => `(hidden, ${text.length} characters)`;

// A list of what may be shown, not of what may not: a password stands before an `@`, in a query, or where a
// port belongs when its `@host` was forgotten.
const HOST_PORT_PATH = /^([a-z]+:\/\/)?(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?(\/[\w./-]*)?$/i;

/** Shows a URL, or its scheme and length alone where a password could stand in it. */
export const showUrl: ShowText = (text, whole = text) => {
  // A comma in a password cuts its URL in two: an innocent-looking entry may be a piece of one beside it.
  if (whole.split(',').every((entry) => HOST_PORT_PATH.test(entry.trim()))) return show(text);
  const scheme = /^\s*(rediss?|https?):\/\//i.exec(text)?.[0].trim() ?? '';
  return `${scheme}${showHidden(text)}`;
};
