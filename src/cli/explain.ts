import { printable } from '../demo/message-text.ts';
import { show } from '../protocol/ids.ts';
import { checkUser } from './development-token.ts';
import { UsageError } from './exit-status.ts';
import type { ServerAccess } from './operator-request.ts';
import { operatorRequest } from './operator-request.ts';
import { tableText } from './table.ts';

/** What the server knows of an event (src/protocol/README.md, operators). */
export type Explanation = {
  readonly user_id: string;
  readonly sequence_id: number;
  readonly log: {
    readonly state: string;
    readonly epoch: string;
    readonly oldest_sequence_id: number;
    readonly newest_sequence_id: number;
    readonly event: {
      readonly event_type: string;
      readonly agent_id: string;
      readonly priority: string;
      readonly timestamp: string;
    } | null;
  } | null;
  readonly instances: readonly {
    readonly instance_id: string;
    readonly answered: boolean;
    readonly connections?: number;
    readonly knows_since?: string | null;
    readonly left_out?: number;
  }[];
  readonly history: readonly {
    readonly time: string;
    readonly instance_id: string;
    readonly connection_id: string | null;
    readonly what: string;
    readonly reason: string | null;
  }[];
};

/** Asks what happened to an event. Throws a Failure that says what to do, or a UsageError. */
export async function readExplanation(
  access: ServerAccess,
  { user, sequence }: { user: string; sequence: string },
  stop: AbortSignal,
): Promise<Explanation> {
  checkUser(user);
  if (!/^[1-9]\d{0,15}$/.test(sequence))
    throw new UsageError(`--sequence: got ${show(sequence)}, wanted a sequence_id: 1 or more`);
  const path = `/explain?user_id=${encodeURIComponent(user)}&sequence_id=${sequence}`;
  return (await operatorRequest(access, { method: 'GET', path, list: 'history' }, stop)) as Explanation;
}

/** For people: what the log says, what happened in which order, and how far the instances can tell. */
export function explanationText(explanation: Explanation): string {
  const { history, instances } = explanation;
  const happened =
    history.length === 0
      ? 'No instance that answered remembers anything of it: it is too long ago, or was never handed to one.\n'
      : tableText(
          ['time', 'instance', 'connection', 'what happened'],
          history.map((row) => [
            row.time.slice(11, 23),
            row.instance_id,
            row.connection_id ?? '-',
            words(row.what, row.reason),
          ]),
        );
  const told = instances.map((instance) => `${printable(instanceText(instance, explanation))}\n`).join('');
  return `${printable(logText(explanation))}\n\n${happened}\n${told}`;
}

const LOG: Readonly<Record<string, string>> = {
  kept: 'The log has it: a client that resumes before it gets it.',
  expired: 'The log has it no more: it is older than WS_REPLAY_WINDOW.',
  trimmed: 'The log has it no more: more than WS_MAX_REPLAY_MESSAGES came after it.',
  epoch_changed:
    'No event has this number, or it was lost: it lies where Redis failed over, restarted or was flushed.',
  not_published: 'It was not published yet: the stream has not come so far.',
};

function logText({ user_id, sequence_id, log }: Explanation): string {
  const name = `#${sequence_id} of ${user_id}`;
  if (log === null)
    return `${name}: this user has no stream. Is it the right user? Nothing was published within 7 days, or all was lost.`;
  const { event, state, epoch, oldest_sequence_id: oldest, newest_sequence_id: newest } = log;
  const what =
    event === null
      ? name
      : `${name}: ${event.event_type} of ${event.agent_id}, ${event.priority}, ${event.timestamp}`;
  const span = oldest > newest ? `empty, up to #${newest}` : `#${oldest} to #${newest}`;
  return `${what}. ${LOG[state] ?? state} (The log: ${span}, epoch ${epoch}.)`;
}

const WORDS: Readonly<Record<string, string>> = {
  appended: 'accepted from a worker, and put into the log',
  repeated: 'published once more under the same webhook-id: nothing was done',
  handed_over: 'came to this instance, for its connections of this user',
  'held_back catching_up': 'held back: this connection was reading the log, which brings it',
  'held_back gap': 'held back: an event before it was missing, so this connection went to the log',
  'ignored known': 'ignored: this connection had it already',
  filtered: 'left out: the filters of this connection do not let it through',
  queued: 'waits: the socket took no more for now, or a rate limit holds it up',
  replayed: 'read from the log, and put into the queue of this connection',
  sent: 'sent: handed to the socket of this connection',
  'shed buffer_full': 'shed: the queue was full, since the client read too slowly (WS_SEND_BUFFER_SIZE)',
  'shed expired': 'shed: it waited for longer than WS_QUEUE_TTL',
  'shed rate_limited': 'shed: the queue was full, since a rate limit held it up (WS_RATE_LIMIT_…)',
  'abandoned connection_closed': 'not sent: the connection ended while it waited',
};

function words(what: string, reason: string | null): string {
  const name = reason === null ? what : `${what} ${reason}`;
  return WORDS[name] ?? name;
}

function instanceText(
  instance: Explanation['instances'][number],
  { user_id: user, log }: Explanation,
): string {
  const { instance_id, answered, connections, knows_since, left_out } = instance;
  if (!answered) return `${instance_id} did not answer: what happened there is not shown.`;
  const known = knows_since ? `everything since ${knows_since}` : 'everything since its start';
  // Times as texts of one form compare as times do.
  const isForgotten = knows_since && log?.event && log.event.timestamp < knows_since;
  const older = isForgotten ? ', which is later than this event: what happened before is forgotten' : '';
  const cut = left_out ? `; ${left_out} older things are left out` : '';
  return `${instance_id} has ${connections} connections of ${user} now, and remembers ${known}${older}${cut}.`;
}
