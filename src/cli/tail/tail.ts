import type { Message } from '../../demo/message-text.ts';
import { eventText } from '../../demo/message-text.ts';
import { noticeText } from '../../demo/notice-text.ts';
import { shorten } from '../../protocol/ids.ts';
import { type Paint, paintFor } from '../colours.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { masked } from '../masking.ts';
import { serverUrl, socketUrl } from '../server-url.ts';
import type { Shell } from '../shell.ts';
import { Follower } from './follower.ts';
import { eventColour, noticeColour } from './line-colours.ts';
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
  const count = countOf(options.count);
  const url = serverUrl(shell.env, options.url);
  const token = tokenSource(shell.env, options);
  const view = options.json ? jsonView(shell) : textView(shell);
  let shown = 0;
  const follower = new Follower({
    address: `${socketUrl(url)}/ws/agents?${query}`,
    token,
    notice: view.notice,
    heard: (message) => {
      if (shown === count) return;
      view.show(message);
      if (isEvent(message) && ++shown === count) follower.stop();
    },
  });
  const stop = shell.toldToStop();
  stop.addEventListener('abort', () => follower.stop());
  // Who read it through a pipe has seen enough.
  shell.readerGone.addEventListener('abort', () => follower.stop());
  const isGood = await follower.run();
  if (stop.aborted) return stop.reason as ExitStatus;
  return isGood ? EXIT.fine : EXIT.failed;
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
  return {
    notice: noticeLine(shell, paintFor(shell.errors, shell.env)),
    show: (message) => {
      if (!HEARTBEATS.includes(message.type)) shell.output.write(`${JSON.stringify(message)}\n`);
    },
  };
}

const HEARTBEATS = ['PING', 'PONG'];

const noticeLine = (shell: Shell, paint: Paint) => (text: string) =>
  void shell.errors.write(`${paint(masked(`-- ${text}`, shell.env), noticeColour(text))}\n`);

const isEvent = (message: Message): boolean => noticeText(message) === undefined;

function countOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`--count: got ${shorten(text)}, wanted a whole number from 1 on`);
}
