import type { EventRecord } from './streams.ts';

export type HandoverListener = {
  /** An event was accepted for a user that this instance subscribed to. May be lost, late or doubled. */
  received(userId: string, record: EventRecord): void;
  /** Events may have been lost since the last call; every live stream is to be compared with its end. */
  interrupted(): void;
};

export type Handover = {
  listen(listener: HandoverListener): void;
  /** Resolves once every event accepted from now on is handed over. */
  subscribe(userId: string): Promise<void>;
  unsubscribe(userId: string): Promise<void>;
};
