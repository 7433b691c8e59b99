import { randomUUID } from 'node:crypto';
import { realClock } from '../../client/clock.ts';
import { batchAddress } from '../../client/publisher/publisher.ts';
import type { SendingOptions } from '../../client/publisher/sending.ts';
import { createSigner } from '../../client/publisher/signing.ts';
import { shorten } from '../../protocol/ids.ts';
import { durationOption } from '../durations.ts';
import type { ExitStatus } from '../exit-status.ts';
import { EXIT, Failure, UsageError } from '../exit-status.ts';
import { nodeFetch } from '../node-fetch.ts';
import type { ServerAccess } from '../operator-request.ts';
import { serverUrl } from '../server-url.ts';
import { serviceKey } from '../service-key.ts';
import type { Shell } from '../shell.ts';
import { batchesOf } from './batches.ts';
import type { EventLine } from './event-lines.ts';
import { eventLines, MAX_EVENTS_BYTES, placeOf } from './event-lines.ts';
import { type EventFlags, flagEvent } from './flag-event.ts';
import { inputLines } from './input-lines.ts';
import { Report } from './report.ts';
import { Sender, Unavailable } from './sender.ts';
import type { Source } from './source.ts';
import { sourceOf } from './source.ts';

/** How long what came through a pipe waits for company, in ms. */
const IDLE_MS = 50;
/** For one attempt. */
const TIMEOUT_MS = 15_000;
/** A minute less than a server remembers a webhook-id (contract §5). */
const LONGEST_RETRY_MS = 540_000;
const WEBHOOK_ID = /^[A-Za-z0-9_:-]{1,128}$/;

export type PublishOptions = EventFlags & {
  readonly id?: string;
  readonly retryFor: string;
  readonly json?: true;
  readonly url?: string;
  readonly keyFile?: string;
};

/** All that a run needs, checked: a flag that is wrong changes nothing. */
type Run = {
  readonly id: string;
  readonly retryForMs: number;
  readonly access: ServerAccess;
  readonly source: Source;
  /** The event of flags; null where there is an input. */
  readonly flagged: EventLine | null;
  /** Whether the same command makes the same requests again. */
  readonly isRepeatable: boolean;
  readonly report: Report;
  readonly stop: AbortSignal;
};

/** Publishes what flags, file or standard input hold. Throws a UsageError, or a Failure where it has to give up. */
export async function publish(
  shell: Shell,
  file: string | null,
  options: PublishOptions,
): Promise<ExitStatus> {
  const run = preparedRun(shell, file, options);
  const { source, report, stop } = run;
  try {
    await sendAll(run);
  } catch (error) {
    report.end();
    if (run.isRepeatable && stop.aborted) report.say(repeatText(run));
    throw error instanceof Unavailable ? new Failure(`${error.message}\n${wayOn(run, error)}`) : error;
  } finally {
    // One that is never closed, such as a pipe, would keep the process.
    if (source.kind !== 'flags') source.input.destroy();
  }
  report.end();
  return report.refusals === 0 ? EXIT.fine : EXIT.failed;
}

function preparedRun(shell: Shell, file: string | null, options: PublishOptions): Run {
  const id = webhookId(options.id);
  const retryForMs = retryTime(options.retryFor);
  const access = { url: serverUrl(shell.env, options.url), key: serviceKey(shell.env, options.keyFile) };
  const source = sourceOf(shell, file, options);
  const flagged = source.kind === 'flags' ? flagEvent(options) : null;
  const totalBytes = source.kind === 'file' ? source.totalBytes : null;
  return {
    id,
    retryForMs,
    access,
    source,
    flagged,
    isRepeatable: source.kind !== 'standard input' || options.id !== undefined,
    report: new Report(shell, { json: options.json === true, totalBytes }),
    stop: shell.toldToStop(),
  };
}

async function sendAll(run: Run): Promise<void> {
  const { id, source, flagged, isRepeatable, report, stop } = run;
  const sender = new Sender({
    id,
    sending: sendingOf(run),
    accepted: (event, published) => report.accepted(event, published),
    refused: (event, why) => report.refused(placeOf(event), why),
    givenUp: (count, mayBePublished) => report.givenUp(count, mayBePublished),
  });
  const events = flagged === null ? eventsOf(source, report, stop) : only(flagged);
  for await (const batch of batchesOf(events, isRepeatable ? null : IDLE_MS)) await sender.send(batch);
}

const sendingOf = ({ retryForMs, access: { url, key }, report, stop }: Run): SendingOptions => ({
  address: batchAddress(url),
  sign: createSigner({ service: key.name, key: key.secret }),
  fetch: nodeFetch,
  clock: realClock,
  random: Math.random,
  giveUpAfterMs: retryForMs,
  timeoutMs: TIMEOUT_MS,
  signal: stop,
  retrying: (why) => report.say(`${why}; trying again`),
});

async function* only(event: EventLine): AsyncGenerator<EventLine> {
  yield event;
}

async function* eventsOf(source: Source, report: Report, stop: AbortSignal): AsyncGenerator<EventLine> {
  if (source.kind === 'flags') return;
  stop.addEventListener('abort', () => source.input.destroy(), { once: true });
  try {
    const lines = inputLines(source.input, MAX_EVENTS_BYTES);
    yield* eventLines(lines, { refused: (line, why) => report.refused(`line ${line}`, why) });
  } catch (error) {
    stop.throwIfAborted();
    throw new Failure(`could not read on: ${error instanceof Error ? error.message : String(error)}`);
  }
  stop.throwIfAborted();
}

function retryTime(text: string): number {
  const milliseconds = durationOption('--retry-for', text);
  if (milliseconds <= LONGEST_RETRY_MS) return milliseconds;
  throw new UsageError(
    `--retry-for: got ${shorten(text)}, wanted at most 9m: a server knows a request again for 10 minutes, then publishes it twice`,
  );
}

function webhookId(given: string | undefined): string {
  if (given === undefined) return randomUUID();
  if (WEBHOOK_ID.test(given)) return given;
  throw new UsageError(`--id: got ${given.length} characters, wanted 1 to 128 of A-Z a-z 0-9 _ : -`);
}

const repeatText = ({ id }: Run): string =>
  `to go on: the same command with --id ${id}, within 10 minutes, publishes nothing twice`;

/** What to do after it was given up. */
function wayOn(run: Run, { from, mayBePublished }: Unavailable): string {
  if (run.isRepeatable) return repeatText(run);
  const doubt = mayBePublished ? '; some of it may be published a second time, which --id would prevent' : '';
  return `to go on: publish the input from ${placeOf(from)} on${doubt}`;
}
