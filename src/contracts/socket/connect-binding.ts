import { MAX_FILTER_VALUES } from '../../protocol/filters.ts';
import { CONNECT_QUERY } from '../http/agents.ts';
import type { JsonSchema } from '../json-schema.ts';
import { schemaComponents } from '../json-schema.ts';
import { SHARED_SCHEMAS } from '../shared-schemas.ts';

const ANCHORS = /^\^|\$$/g;

/** What the upgrade of a channel takes, by AsyncAPI's binding for WebSockets. */
export function connectBinding() {
  const { Id, EventType } = schemaComponents(SHARED_SCHEMAS);
  const patterns = { Id: Id.pattern ?? '', EventType: EventType.pattern ?? '' };
  const query = Object.entries(CONNECT_QUERY).map(([name, parameter]): [string, JsonSchema] => {
    const { description } = parameter;
    if (!('valuesOf' in parameter)) return [name, { description, allOf: [parameter.schema] }];
    const value = patterns[parameter.valuesOf].replace(ANCHORS, '');
    // A binding has no word for lists: it describes the text.
    const pattern = `^${value}(,${value}){0,${MAX_FILTER_VALUES - 1}}$`;
    const text = `${description} At most ${MAX_FILTER_VALUES}, with commas between.`;
    return [name, { description: text, type: 'string', pattern }];
  });
  const token: JsonSchema = { description: 'A JWT, where no header has it.', type: 'string' };
  return {
    method: 'GET',
    query: {
      type: 'object',
      properties: { token, ...Object.fromEntries(query) },
      additionalProperties: false,
    },
    bindingVersion: '0.1.0',
  };
}
