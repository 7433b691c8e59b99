import { epochSchema, sequenceIdSchema } from '../protocol/client-messages.ts';
import { filtersInForceSchema } from '../protocol/filters.ts';
import {
  EVENT_TYPE_WANTED,
  eventTypeSchema,
  ID_WANTED,
  idSchema,
  USER_ID_WANTED,
  userIdSchema,
} from '../protocol/ids.ts';
import { timestampSchema } from '../protocol/server-payloads.ts';
import type { NamedSchema } from './json-schema.ts';

/** Schemas that both documents name. */
export const SHARED_SCHEMAS = {
  Id: { schema: idSchema, description: `An agent, project, task, connection or instance: ${ID_WANTED}.` },
  UserId: { schema: userIdSchema, description: `A user, the \`sub\` of a token: ${USER_ID_WANTED}.` },
  EventType: { schema: eventTypeSchema, description: `A type of event: ${EVENT_TYPE_WANTED}.` },
  SequenceId: {
    schema: sequenceIdSchema,
    description:
      'Place of an event in the stream of its user: 1, 2, 3 … within an epoch; 0 is before the first.',
  },
  Epoch: { schema: epochSchema, description: 'Opaque name of one unbroken life of a stream.' },
  Timestamp: { schema: timestampSchema, description: 'RFC 3339, in UTC with milliseconds.' },
  FiltersInForce: {
    schema: filtersInForceSchema,
    description:
      'OR within one filter, AND between them; null lets everything through, an empty list nothing.',
  },
} satisfies Readonly<Record<string, NamedSchema>>;
