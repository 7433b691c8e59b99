import type { ServerMessage } from '../protocol/server-messages.ts';

/** A message of the server, of a type that may be new to this client. */
export type Message = {
  readonly type: string;
  readonly timestamp: string;
  readonly sequence_id?: number;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** The payload of one of the server's own messages. */
export type PayloadOf<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>['payload'];

/** What clients say (contract §4). */
export type Request =
  | { readonly type: 'PONG'; readonly payload: { readonly last_sequence_id?: number } }
  | { readonly type: 'SUBSCRIBE'; readonly payload: object }
  | {
      readonly type: 'REPLAY';
      readonly payload: { readonly last_sequence_id: number; readonly epoch: string };
    };

/** A frame as a message; null for anything else, which a client passes over. */
export function readMessage(data: unknown): Message | null {
  if (typeof data !== 'string') return null;
  try {
    const message = JSON.parse(data) as Message | null;
    return typeof message?.type === 'string' &&
      typeof message.payload === 'object' &&
      message.payload !== null
      ? message
      : null;
  } catch {
    return null;
  }
}
