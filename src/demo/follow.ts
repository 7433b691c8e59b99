import type { ConnectionEnded, ConnectOptions, Message, StateChange } from '../client/index.ts';
import { connect } from '../client/index.ts';
import { printable } from './message-text.ts';
import { TellingSocket } from './telling-socket.ts';

const BACKOFF = { firstMs: 500, longestMs: 15_000 };

export type FollowOptions = Pick<ConnectOptions, 'token' | 'getToken' | 'signal'> & {
  /** `ws://` or `wss://`, with filters and start in its query. */
  readonly address: string;
  heard(message: Message): void;
  /** Told of cuts, of ways on, and of the end, in words. */
  notice(text: string): void;
  /** More to say of an end: what to do about it. `null`: nobody has answered, ever. */
  remedyFor?(error: ConnectionEnded | null): string;
};

/**
 * Follows a stream over cuts, restarts and expired tokens, from where it was. Gives whether all went well: false where going on
 * makes no sense, after a notice that says why. An address that never answered is more likely wrong than away for a moment.
 * @throws TypeError where the address is none
 */
export async function follow(options: FollowOptions): Promise<boolean> {
  const { address, heard, notice, remedyFor = () => '', ...rest } = options;
  const isLatest = new URL(address).searchParams.get('last_sequence_id') === 'latest';
  const connection = connect({
    ...rest,
    ...(isLatest ? { resumeFrom: 'latest' } : {}),
    url: address,
    WebSocket: TellingSocket,
    fetch: null,
    backoff: BACKOFF,
  });
  const say = (text: string): void => notice(printable(text));
  let isUnanswered = false;
  connection.on('message', heard);
  connection.on('state', ({ state, why, retryInMs, status, error }: StateChange) => {
    if (state === 'waiting') {
      isUnanswered = connection.counters.connects === 0 && status === null;
      if (isUnanswered) say(`${why}${remedyFor(null)}`);
      else say(`${why}; ${wayOn(connection.position?.sequenceId ?? null, retryInMs ?? 0)}`);
      if (isUnanswered) connection.close();
    }
    if (state === 'closed' && why !== null) say(`${why}${error === null ? '' : remedyFor(error)}`);
  });
  const error = await connection.ended;
  return error === null && !isUnanswered;
}

function wayOn(sequenceId: number | null, afterMs: number): string {
  const place = sequenceId === null ? '' : ` after #${sequenceId}`;
  return `going on${place} ${afterMs < 50 ? 'at once' : `in ${(afterMs / 1000).toFixed(1)} s`}`;
}
