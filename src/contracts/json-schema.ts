import type { JsonSchema } from '@valibot/to-json-schema';
import { toJsonSchemaDefs } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';

export type { JsonSchema };

/** A schema that the documents name. */
export type NamedSchema = {
  readonly schema: GenericSchema;
  readonly description: string;
  /** What only code checks, as far as JSON Schema can say it. */
  readonly also?: JsonSchema;
};

/** Where a named schema stands in both kinds of documents. */
export const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/**
 * Named valibot schemas as JSON Schemas which refer to each other.
 * @throws Error for a schema that JSON Schema cannot say
 */
export function schemaComponents<Name extends string>(
  named: Readonly<Record<Name, NamedSchema>>,
): Record<Name, JsonSchema> {
  const names = Object.keys(named) as Name[];
  const definitions = Object.fromEntries(names.map((name) => [name, named[name].schema]));
  const converted = toJsonSchemaDefs(definitions, {
    // What comes later in a pipeline adds to what came before: JSON Schema says both at once.
    errorMode: 'ignore',
    overrideRef: ({ referenceId }) => refTo(referenceId).$ref,
    ignoreActions: ['check', 'partial_check'],
    overrideSchema: ({ errors, valibotSchema, jsonSchema }) => {
      failOn(errors);
      // Said aloud, where further fields are part of what is described; elsewhere they may come with a later version.
      return valibotSchema.type === 'loose_object'
        ? { ...jsonSchema, additionalProperties: true }
        : undefined;
    },
    overrideAction: ({ errors }) => failOn(errors),
  });
  return Object.fromEntries(
    names.map((name) => {
      const { description, also } = named[name];
      return [name, { description, ...converted[name], ...also }];
    }),
  ) as Record<Name, JsonSchema>;
}

function failOn(errors: readonly string[] | undefined): undefined {
  if (errors !== undefined) throw new Error(errors.join('; '));
  return undefined;
}
