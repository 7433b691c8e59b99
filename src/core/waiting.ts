import type { DropReason } from '../protocol/server-messages.ts';
import type { DeliveryType } from './delivery-type.ts';
import { PROGRESS, typeOfEvent } from './delivery-type.ts';
import { Dropped } from './dropped.ts';
import type { TaskProgress } from './feed.ts';
import type { EventRecord } from './ports/engine.ts';

/** What is sent for nothing: messages of the server itself, and what a replay brings. */
export type FreeFrame = {
  readonly header: null;
  readonly type: DeliveryType;
  readonly frame: Uint8Array | string;
  /** Of the event that a replay brings; 0 for a message of the server itself. */
  readonly sequenceId: number;
};

/** The place in the order where a task's progress came. What is sent there is the newest of it by then. */
export class ProgressPlace {
  readonly header = null;
  readonly type = PROGRESS;
  readonly sequenceId = 0;
  readonly task: TaskProgress;

  constructor(task: TaskProgress) {
    this.task = task;
  }
}

export type Waiting = EventRecord | FreeFrame | Dropped | ProgressPlace;

export const isEvent = (item: Waiting): item is EventRecord => item.header !== null;

/** What its frame counts as when it is sent. */
export const typeOf = (item: Waiting): DeliveryType =>
  item.header === null ? item.type : typeOfEvent(item.header.eventType);

/** Which event of the stream it brings; 0 for none. */
export const sequenceIdOf = (item: Waiting): number =>
  item.header === null ? item.sequenceId : (item.header.position?.sequenceId ?? 0);

export const isSheddable = (item: Waiting | undefined): item is EventRecord =>
  item !== undefined && isEvent(item) && item.header.priority !== 'critical';

export const isFree = (item: Waiting): item is FreeFrame => item.header === null && 'frame' in item;

export const isFor = (item: Waiting | undefined, reason: DropReason): item is Dropped =>
  item instanceof Dropped && item.reason === reason;
