import type { Entry } from './clients.ts';
import { clientTarget, tokenOf } from './requests.ts';

/** Where a client has got to. */
export type Place = {
  /** What its events belong together by: an epoch, or a session's private id. */
  readonly life: string;
  /** The last event that it heard: a sequence id, or an offset; empty before the first. */
  readonly last: string;
};

/** What a frame tells a client. */
export type Heard =
  | { readonly kind: 'let-in'; readonly place: Place }
  | { readonly kind: 'event'; readonly task: number; readonly last: string }
  /** Some of what it missed will not come. */
  | { readonly kind: 'loss' }
  | { readonly kind: 'other' };

/** How the clients of one kind of server speak. */
export type Dialect = {
  /** How a client of a user gets in, to go on from its place or to hear only what is new. */
  entry(userId: string, place?: Place): Promise<Entry>;
  hear(frame: string): Heard;
};

const OTHER: Heard = { kind: 'other' };
const taskOf = (payload: { task_id: string }): number => Number(payload.task_id.slice('task-'.length));

/** src/protocol/README.md */
export const OURS: Dialect = {
  entry: async (userId, place) => ({
    target: place
      ? `${await clientTarget(userId, Number(place.last))}&epoch=${place.life}`
      : await clientTarget(userId),
  }),
  hear(frame) {
    const { type, sequence_id, payload } = JSON.parse(frame);
    if (sequence_id !== undefined) return { kind: 'event', task: taskOf(payload), last: String(sequence_id) };
    if (type === 'CONNECTED')
      return { kind: 'let-in', place: { life: payload.epoch, last: String(payload.sequence_id) } };
    const isLoss = type === 'MESSAGES_DROPPED' || (type === 'REPLAY_START' && payload.missing !== null);
    return isLoss ? { kind: 'loss' } : OTHER;
  },
};

/** Socket.IO 5 over Engine.IO 4, by WebSocket alone: socket.io/docs/v4/socket-io-protocol, connection-state-recovery. */
export const SOCKET_IO: Dialect = {
  entry: async (userId, place) => {
    const session = place && { pid: place.life, offset: place.last };
    return {
      target: '/socket.io/?EIO=4&transport=websocket',
      hello: `40${JSON.stringify({ token: await tokenOf(userId), ...session })}`,
    };
  },
  hear(frame) {
    const packet = frame.slice(0, 2);
    if (packet === '44') throw new Error(`a client was refused: ${frame}`);
    if (packet === '40') return { kind: 'let-in', place: { life: JSON.parse(frame.slice(2)).pid, last: '' } };
    if (packet !== '42') return OTHER;
    const [, payload, last] = JSON.parse(frame.slice(2));
    return { kind: 'event', task: taskOf(payload), last };
  },
};
