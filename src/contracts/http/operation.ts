import type { ProblemCode } from '../../protocol/problems.ts';
import type { JsonSchema } from '../json-schema.ts';
import type { HttpSchemaName } from './schemas.ts';

export type Header = 'RequestId' | 'RetryAfter' | 'WwwAuthenticate' | 'ETag' | 'CacheControl' | 'Upgrade';

export type Example = { readonly summary: string; readonly value: unknown };
export type Examples = Readonly<Record<string, Example>>;

export type Parameter = {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly schema: JsonSchema;
  readonly required?: boolean;
  /** Values of a list stand in one parameter, with commas between. */
  readonly isList?: boolean;
  readonly example?: unknown;
};

export type Body = { readonly schema: HttpSchemaName; readonly examples: Examples };

/** An answer that is no refusal. */
export type Answer = {
  readonly status: number;
  readonly description: string;
  readonly headers?: readonly Header[];
  readonly json?: Body;
  /** Of an answer that is no JSON. */
  readonly text?: { readonly mediaType: string; readonly example: string };
  /** Of an answer that is JSON, but none of ours to describe. */
  readonly document?: true;
};

/** One route of the server, for one method. */
export type Operation = {
  /** As the document writes it: `/connections/{connection_id}`. */
  readonly path: string;
  readonly method: 'get' | 'post';
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** How a caller says who it is. */
  readonly proof: 'none' | 'token' | 'signature';
  readonly parameters?: readonly Parameter[];
  readonly body?: Body;
  readonly answers: readonly Answer[];
  /** Why it may be refused; `internal-error` goes without saying. */
  readonly refusals: readonly ProblemCode[];
};

export const TAGS = {
  Dashboards: 'What dashboards open.',
  Workers: 'What agent workers call. Signed by Standard Webhooks.',
  Operators: 'Who is connected where, and who shall not be. Signed as publishing is.',
  Operations: 'What load balancers, Prometheus and tools ask. It takes no token.',
} as const;
export type Tag = keyof typeof TAGS;
