import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../protocol/events.ts';
import type { ServerMessage } from '../protocol/server-messages.ts';
import { SERVER_TYPES } from '../protocol/server-types.ts';

/** What deliveries are counted by: the types that the protocol names, and one for all of the platform's own. */
export const DELIVERY_TYPES = ['other', AGENT_STATUS_CHANGED, PROGRESS_UPDATE, ...SERVER_TYPES] as const;

/** A place in `DELIVERY_TYPES`: to count by a number, nothing has to be looked up. */
export type DeliveryType = number;

const OTHER: DeliveryType = DELIVERY_TYPES.indexOf('other');
const STATUS: DeliveryType = DELIVERY_TYPES.indexOf(AGENT_STATUS_CHANGED);
export const PROGRESS: DeliveryType = DELIVERY_TYPES.indexOf(PROGRESS_UPDATE);

/** Of a persisted event. */
export const typeOfEvent = (eventType: string): DeliveryType =>
  eventType === AGENT_STATUS_CHANGED ? STATUS : OTHER;

/** Of a message of the server itself. */
export const typeOfMessage = (type: ServerMessage['type']): DeliveryType => DELIVERY_TYPES.indexOf(type);
