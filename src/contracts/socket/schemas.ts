import * as v from 'valibot';
import { CLIENT_PAYLOADS, sequenceIdSchema } from '../../protocol/client-messages.ts';
import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../../protocol/events.ts';
import { filterEntries, filtersSchema } from '../../protocol/filters.ts';
import { eventTypeSchema } from '../../protocol/ids.ts';
import type { ServerMessage } from '../../protocol/server-messages.ts';
import {
  EVENT_PAYLOADS,
  otherEventPayload,
  SERVER_PAYLOADS,
  timestampSchema,
} from '../../protocol/server-payloads.ts';
import { SERVER_TYPES } from '../../protocol/server-types.ts';
import type { NamedSchema } from '../json-schema.ts';
import { SHARED_SCHEMAS } from '../shared-schemas.ts';

// Made anew, so that it stands under a name of its own.
const otherType = v.pipe(eventTypeSchema);

/** Of the trace that the worker named (W3C Trace Context); absent where it named none. */
const traceparent = v.optional(v.string());

/** A message of the server, as a frame has it. */
const said = <Type extends v.GenericSchema, Payload extends v.GenericSchema>(type: Type, payload: Payload) =>
  v.object({ type, timestamp: timestampSchema, payload });

/** The frame of a persisted event. */
const persisted = <Type extends v.GenericSchema, Payload extends v.GenericSchema>(
  type: Type,
  payload: Payload,
) => v.object({ type, timestamp: timestampSchema, traceparent, sequence_id: sequenceIdSchema, payload });

/** A message of a client, whose payload may be absent where all of it may. */
const asked = <Payload extends v.GenericSchema>(type: string, payload: Payload) =>
  v.object({ type: v.literal(type), payload });

/** Filters stand in the payload itself, or under `filters` as FILTERS_UPDATED gives them. */
const withFilters = { ...filterEntries, filters: v.nullish(filtersSchema) };
const subscribe = v.object({ ...withFilters, ...CLIENT_PAYLOADS.SUBSCRIBE.entries });
const unsubscribe = v.object({ ...withFilters, ...CLIENT_PAYLOADS.UNSUBSCRIBE.entries });

const own = (type: ServerMessage['type']) => said(v.literal(type), SERVER_PAYLOADS[type]);

/** Every message, by the name that it has in the document. */
export const FRAMES = {
  CONNECTED: own('CONNECTED'),
  REPLAY_START: own('REPLAY_START'),
  REPLAY_END: own('REPLAY_END'),
  PING: own('PING'),
  PONG: own('PONG'),
  FILTERS_UPDATED: own('FILTERS_UPDATED'),
  SERVER_DRAINING: own('SERVER_DRAINING'),
  TOKEN_EXPIRING: own('TOKEN_EXPIRING'),
  MESSAGES_DROPPED: own('MESSAGES_DROPPED'),
  ERROR: own('ERROR'),
  AGENT_STATUS_CHANGED: persisted(v.literal(AGENT_STATUS_CHANGED), EVENT_PAYLOADS.AGENT_STATUS_CHANGED),
  PROGRESS_UPDATE: v.object({
    type: v.literal(PROGRESS_UPDATE),
    timestamp: timestampSchema,
    traceparent,
    payload: EVENT_PAYLOADS.PROGRESS_UPDATE,
  }),
  OwnEvent: persisted(otherType, otherEventPayload),
  'client.PONG': asked('PONG', v.nullish(CLIENT_PAYLOADS.PONG)),
  'client.PING': asked('PING', v.nullish(CLIENT_PAYLOADS.PING)),
  'client.SUBSCRIBE': asked('SUBSCRIBE', v.nullish(subscribe)),
  'client.UNSUBSCRIBE': asked('UNSUBSCRIBE', v.nullish(unsubscribe)),
  'client.REPLAY': asked('REPLAY', CLIENT_PAYLOADS.REPLAY),
} satisfies Readonly<Record<ServerMessage['type'], v.GenericSchema>> &
  Readonly<Record<string, v.GenericSchema>>;
export type MessageName = keyof typeof FRAMES;

/** Schemas that messages refer to. */
export const SOCKET_SCHEMAS = {
  ...SHARED_SCHEMAS,
  Filters: {
    schema: filtersSchema,
    description: 'OR within one filter, AND between them; null or absent lets everything through.',
  },
  OwnEventType: {
    schema: otherType,
    description: 'A type of the platform’s own. Clients pass over types that they do not know.',
    also: { not: { enum: [AGENT_STATUS_CHANGED, PROGRESS_UPDATE, ...SERVER_TYPES] } },
  },
} satisfies Readonly<Record<string, NamedSchema>>;
