import type { MessageName } from './schemas.ts';
import type { Message } from './server-messages.ts';

type ClientMessageName = Extract<MessageName, `client.${string}`>;

/** A message of a client, and what answers it. */
export type ClientMessage = Message & {
  readonly operation: string;
  readonly description: string;
  readonly answers: readonly Exclude<MessageName, ClientMessageName>[];
};

/** What clients say (contract §4). Any of it counts as a sign of life. */
export const CLIENT_MESSAGES: Readonly<Record<ClientMessageName, ClientMessage>> = {
  'client.PONG': {
    operation: 'receivePong',
    summary: 'Answers a `PING`.',
    description: 'The position is what operators see of this connection, and changes nothing else.',
    example: { type: 'PONG', payload: { last_sequence_id: 42 } },
    answers: [],
  },
  'client.PING': {
    operation: 'receivePing',
    summary: 'Is answered by `PONG`.',
    description: 'Tells a client whether its connection still lives.',
    example: { type: 'PING' },
    answers: ['PONG'],
  },
  'client.SUBSCRIBE': {
    operation: 'receiveSubscribe',
    summary: 'Replaces the filters; with a position, replays after it under the new ones.',
    description:
      'The three filters stand in the payload, or all under `filters`. Invalid ones change nothing.',
    example: {
      type: 'SUBSCRIBE',
      payload: { agent_ids: ['a-1', 'a-2'], project_ids: null, last_sequence_id: 41 },
    },
    answers: ['FILTERS_UPDATED', 'REPLAY_START', 'REPLAY_END', 'ERROR'],
  },
  'client.UNSUBSCRIBE': {
    operation: 'receiveUnsubscribe',
    summary: 'Takes these values out of the filters.',
    description:
      'A filter that is null stays null; one that loses its last value is an empty list, and lets nothing through.',
    example: { type: 'UNSUBSCRIBE', payload: { agent_ids: ['a-2'] } },
    answers: ['FILTERS_UPDATED', 'ERROR'],
  },
  'client.REPLAY': {
    operation: 'receiveReplay',
    summary: 'Replays after a position.',
    description: 'One that is asked for during a replay takes its place: the first then has no `REPLAY_END`.',
    example: { type: 'REPLAY', payload: { last_sequence_id: 41, epoch: 'mc1x2a-7Qd0' } },
    answers: ['REPLAY_START', 'REPLAY_END', 'ERROR'],
  },
};
