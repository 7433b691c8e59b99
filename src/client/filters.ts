import type { Filters } from '../protocol/filters.ts';

const MOST_VALUES = 50;
const ID = /^[\w.:-]{1,128}$/;
const EVENT_TYPE = /^[A-Z][A-Z0-9_]{0,63}$/;
const NONE: Filters = { agent_ids: null, project_ids: null, event_types: null };
const FORMS: Readonly<Record<keyof Filters, RegExp>> = {
  agent_ids: ID,
  project_ids: ID,
  event_types: EVENT_TYPE,
};

/**
 * Filters as the protocol has them (contract §3); one that is absent or null lets everything through. Checked here too: a wrong
 * value would only show at the next reconnect, when the server refuses it.
 * @throws TypeError that names the first wrong filter
 */
export function checkedFilters(given: Partial<Filters> = {}): Filters {
  const filters: Record<string, readonly string[] | null> = {};
  for (const [name, values = null] of Object.entries({ ...NONE, ...given })) {
    const form = Object.hasOwn(FORMS, name) ? FORMS[name as keyof Filters] : undefined;
    if (form === undefined)
      throw new TypeError(`filters: got ${name}, wanted ${Object.keys(FORMS).join(', ')}`);
    // A list of its own: what the caller does with theirs later is no request.
    filters[name] = Array.isArray(values) ? [...values] : values;
    if (values === null) continue;
    // An empty list cannot be said in an address.
    if (!Array.isArray(values) || values.length < 1 || values.length > MOST_VALUES)
      throw new TypeError(`${name}: wanted a list of 1 to ${MOST_VALUES} values, or null for all`);
    const wrong = values.find((value) => typeof value !== 'string' || !form.test(value));
    if (wrong !== undefined)
      throw new TypeError(`${name}: got ${JSON.stringify(wrong)}, wanted ${form.source}`);
  }
  return filters as Filters;
}
