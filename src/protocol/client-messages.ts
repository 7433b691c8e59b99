import * as v from 'valibot';
import { faultsOf, namedFaults } from './faults.ts';
import type { Filters } from './filters.ts';
import { filtersSchema } from './filters.ts';
import { show } from './ids.ts';

export const sequenceIdSchema = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);

/** An epoch is opaque; only its length is bounded. */
export const MAX_EPOCH_LENGTH = 128;
const epochLength = ({ input }: { readonly input: string }): string =>
  `got ${input.length} characters, wanted 1 to ${MAX_EPOCH_LENGTH}`;
export const epochSchema = v.pipe(
  v.string(),
  v.minLength(1, epochLength),
  v.maxLength(MAX_EPOCH_LENGTH, epochLength),
);

const nothing = v.object({});

/** The payload of each message of a client (contract §4), but for its filters, which are read by themselves. */
export const CLIENT_PAYLOADS = {
  PONG: v.object({ last_sequence_id: v.nullish(sequenceIdSchema, null) }),
  PING: nothing,
  SUBSCRIBE: v.object({
    last_sequence_id: v.nullish(sequenceIdSchema, null),
    epoch: v.nullish(epochSchema, null),
  }),
  UNSUBSCRIBE: nothing,
  REPLAY: v.object({ last_sequence_id: sequenceIdSchema, epoch: v.nullish(epochSchema, null) }),
};

export type ClientMessage =
  | { readonly type: 'PONG'; readonly lastSequenceId: number | null }
  | { readonly type: 'PING' }
  | {
      readonly type: 'SUBSCRIBE';
      readonly filters: Filters;
      readonly lastSequenceId: number | null;
      readonly epoch: string | null;
    }
  | { readonly type: 'UNSUBSCRIBE'; readonly filters: Filters }
  | { readonly type: 'REPLAY'; readonly lastSequenceId: number; readonly epoch: string | null };

export type ClientMessageResult =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  /** Well formed but for its filters: the connection stays, and so do the filters it has (contract §4). */
  | { readonly kind: 'invalid_filters'; readonly detail: string }
  | { readonly kind: 'invalid'; readonly detail: string };

const envelope = v.object({ type: v.string(), payload: v.optional(v.unknown()) });

/** Reads one text frame of a client (contract §4). Fields that it does not know are ignored. */
export function parseClientMessage(text: string): ClientMessageResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid(`got ${show(text)}, wanted JSON`);
  }
  if (Array.isArray(json)) return invalid('got a list, wanted an object');
  const outer = v.safeParse(envelope, json);
  if (!outer.success) return invalid(describe(outer.issues));
  const { type, payload } = outer.output;
  const parse = Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined;
  if (parse === undefined)
    return invalid(`got type ${show(type)}, wanted ${Object.keys(PARSERS).join(', ')}`);
  if (Array.isArray(payload)) return invalid('payload: got a list, wanted an object');
  return parse(payload ?? {});
}

const PARSERS: Readonly<Record<string, (payload: unknown) => ClientMessageResult>> = {
  PONG: (payload) =>
    parsed(CLIENT_PAYLOADS.PONG, payload, (out) => ({ type: 'PONG', lastSequenceId: out.last_sequence_id })),
  PING: (payload) => parsed(CLIENT_PAYLOADS.PING, payload, () => ({ type: 'PING' })),
  REPLAY: (payload) =>
    parsed(CLIENT_PAYLOADS.REPLAY, payload, (out) => ({
      type: 'REPLAY',
      lastSequenceId: out.last_sequence_id,
      epoch: out.epoch,
    })),
  SUBSCRIBE: (payload) =>
    parsed(CLIENT_PAYLOADS.SUBSCRIBE, payload, (out) =>
      withFilters(payload, (filters) => ({
        type: 'SUBSCRIBE',
        filters,
        lastSequenceId: out.last_sequence_id,
        epoch: out.epoch,
      })),
    ),
  UNSUBSCRIBE: (payload) =>
    parsed(CLIENT_PAYLOADS.UNSUBSCRIBE, payload, () =>
      withFilters(payload, (filters) => ({ type: 'UNSUBSCRIBE', filters })),
    ),
};

function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  payload: unknown,
  build: (output: v.InferOutput<Schema>) => ClientMessage | ClientMessageResult,
): ClientMessageResult {
  const result = v.safeParse(schema, payload);
  if (!result.success) return invalid(describe(result.issues, 'payload'));
  const built = build(result.output);
  return 'kind' in built ? built : { kind: 'message', message: built };
}

const nested = v.object({ filters: v.optional(v.unknown()) });

/** Filters stand in the payload itself, or under `filters` as FILTERS_UPDATED gives them. */
function withFilters(payload: unknown, build: (filters: Filters) => ClientMessage): ClientMessageResult {
  const inner = v.parse(nested, payload).filters ?? null;
  const result = v.safeParse(filtersSchema, inner ?? payload);
  if (result.success) return { kind: 'message', message: build(result.output) };
  const path = inner === null ? 'payload' : 'payload.filters';
  return { kind: 'invalid_filters', detail: describe(result.issues, path) };
}

const invalid = (detail: string): ClientMessageResult => ({ kind: 'invalid', detail });

const describe = (issues: readonly v.BaseIssue<unknown>[], prefix = ''): string =>
  namedFaults(faultsOf(issues, prefix))
    .map(({ path, detail }) => (path === '' ? detail : `${path}: ${detail}`))
    .join('; ');
