import type { ConnectionEnded, Message } from '../../client/index.ts';
import { follow } from '../../demo/follow.ts';
import { eventText } from '../../demo/message-text.ts';
import { noticeText } from '../../demo/notice-text.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { type Paint, paintFor } from '../colours.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { jsonLine } from '../json-line.ts';
import { masked } from '../masking.ts';
import { serverUrl, socketUrl } from '../server-url.ts';
import type { Shell } from '../shell.ts';
import { wholeNumber } from '../whole-number.ts';
import { eventColour, isGap, noticeColour } from './line-colours.ts';
import type { StreamFlags } from './stream-query.ts';
import { streamQuery } from './stream-query.ts';
import { tokenSource } from './token-source.ts';

export type TailOptions = StreamFlags & {
  readonly user?: string;
  readonly secretFile?: string;
  readonly url?: string;
  readonly count?: string;
  readonly json?: true;
};

/** Shows events until it is told to stop, has shown enough, or going on makes no sense. Throws a UsageError. */
export async function tail(shell: Shell, options: TailOptions): Promise<ExitStatus> {
  const query = streamQuery(options);
  const count = options.count === undefined ? null : wholeNumber('--count', options.count, 1);
  const url = serverUrl(shell.env, options.url);
  const token = tokenSource(shell.env, options);
  const view = options.json ? jsonView(shell) : textView(shell);
  const enough = new AbortController();
  const stop = shell.toldToStop();
  let shown = 0;
  const isGood = await follow({
    ...token,
    address: `${socketUrl(url)}/ws/agents?${query}`,
    // Who read it through a pipe and went has seen enough, too.
    signal: AbortSignal.any([stop, shell.readerGone, enough.signal]),
    remedyFor,
    notice: view.notice,
    heard: (message) => {
      view.show(message);
      if (isEvent(message) && ++shown === count) enough.abort();
    },
  });
  if (stop.aborted) return stop.reason as ExitStatus;
  return isGood ? EXIT.fine : EXIT.failed;
}

/** What to do where there is more to say than the ending says itself. */
function remedyFor(error: ConnectionEnded | null): string {
  if (error === null) return '; does the server run, is --url right?';
  if (error.problem?.status === 401) return '; is the token, or the secret that made it, one of that server?';
  const isExpired = error.closeCode === CLOSE.tokenExpired.code;
  return isExpired ? '; a fresh token is needed in AGENTCAST_TOKEN' : '';
}

type View = { show(message: Message): void; notice(text: string): void };

function textView(shell: Shell): View {
  const paint = paintFor(shell.output, shell.env);
  const notice = noticeLine(shell, paintFor(shell.errors, shell.env));
  return {
    notice,
    show: (message) => {
      const text = noticeText(message);
      if (text === undefined) shell.output.write(`${paint(eventText(message), eventColour(message))}\n`);
      else if (text !== null) notice(text);
    },
  };
}

function jsonView(shell: Shell): View {
  const notice = noticeLine(shell, paintFor(shell.errors, shell.env));
  return {
    notice,
    show: (message) => {
      const text = noticeText(message);
      // Who picks events out of the lines would not see it there.
      if (typeof text === 'string' && isGap(text)) notice(text);
      if (!HEARTBEATS.includes(message.type)) shell.output.write(jsonLine(message));
    },
  };
}

const HEARTBEATS = ['PING', 'PONG'];

const noticeLine = (shell: Shell, paint: Paint) => (text: string) =>
  void shell.errors.write(`${paint(masked(`-- ${text}`, shell.env), noticeColour(text))}\n`);

const isEvent = (message: Message): boolean => noticeText(message) === undefined;
