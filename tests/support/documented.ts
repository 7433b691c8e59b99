import { readFileSync } from 'node:fs';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../../src/contracts/json-schema.ts';

type Ref = { readonly $ref: string };
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;
export type ResponseObject = {
  readonly headers?: Readonly<Record<string, Ref>>;
  readonly content?: Content;
};
export type OperationObject = { readonly responses: Readonly<Record<string, ResponseObject>> };
export type OpenApi = { readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>> };
export type AsyncApi = {
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: Ref; readonly examples: readonly { readonly payload: unknown }[] }>
    >;
  };
};

export const documentText = (name: 'openapi' | 'asyncapi'): string =>
  readFileSync(new URL(`../../docs/${name}.json`, import.meta.url), 'utf8');

/** RFC 3339 in UTC with milliseconds: all that the protocol knows. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The schemas of a document, to judge values by. */
export class Judge {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': DATE_TIME } });
  readonly #compiled = new Map<string, ValidateFunction>();

  /** `isExact` takes no field that the document does not name, where it does not say that there may be more. */
  constructor(document: object, { isExact }: { isExact: boolean }) {
    this.#ajv.addSchema(isExact ? closed(document) : document, 'document');
  }

  /** What is wrong with a value by the schema at a pointer (`#/…`); null for nothing. */
  fault(pointer: string, value: unknown): string | null {
    const compiled = this.#compiled.get(pointer) ?? this.#ajv.compile({ $ref: `document${pointer}` });
    this.#compiled.set(pointer, compiled);
    return compiled(value) ? null : this.#ajv.errorsText(compiled.errors);
  }
}

/** Every object schema that has names for its fields takes no others. */
function closed<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(closed) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  const isOpen = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return (isOpen ? { ...copy, additionalProperties: false } : copy) as Value;
}

/** A pointer into a document (RFC 6901). */
export const pointerTo = (...keys: readonly (string | number)[]): string =>
  `#/${keys.map((key) => encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
