import { problemText } from '../../demo/problem-text.ts';
import { Failure } from '../exit-status.ts';
import type { Answer, RequestToSign } from '../signed-request.ts';
import { remedyFor } from '../signed-request.ts';
import { type EventLine, placeOf } from './event-lines.ts';

const TARGET = '/api/v1/internal/ws/publish/batch';
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/** What the server says of an accepted event (contract §5). */
export type Acceptance = {
  readonly sequence_id: number | null;
  readonly epoch: string;
  readonly duplicate?: true;
};

export type SenderOptions = {
  /** Signs and sends; see `signedRequest`. */
  request(request: RequestToSign): Promise<Answer>;
  /** Rejects where the run is told to stop. */
  wait(ms: number): Promise<void>;
  /** From 0 to 1: spreads those who try again. */
  chance(): number;
  /** In ms, on any clock that only goes forward. */
  now(): number;
  /** How long a request is tried again, in ms. */
  readonly retryForMs: number;
  /** Begins every webhook-id of this run. */
  readonly id: string;
  accepted(event: EventLine, acceptance: Acceptance): void;
  /** Told of an event that the server refuses, by itself. */
  refused(event: EventLine, why: string): void;
  /** Told of a request that is about to be tried again. */
  retrying(why: string): void;
};

/** Tried for long enough, without an answer that says whether the events were taken. */
export class Undecided extends Failure {}

/** Sends batches one after the other, each until it was taken or refused. */
export class Sender {
  readonly #options: SenderOptions;
  #batches = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Throws a Failure where the next batch would fare no better: a refusal as a whole, or Undecided. */
  async send(batch: readonly EventLine[]): Promise<void> {
    this.#batches++;
    let left = batch;
    // One invalid event refuses its batch: the others go again, as another request. Each turn, there are fewer.
    for (let turn = 0; left.length > 0; turn++) {
      const id = `${this.#options.id}-${this.#batches}${turn === 0 ? '' : `-${turn}`}`;
      const { status, text } = await this.#answerTo(left, id);
      if (status === 202) {
        this.#accept(left, text);
        return;
      }
      left = this.#withoutRefused(left, { status, text });
    }
  }

  /** An answer for good: whatever may pass is waited for, under the same webhook-id. */
  async #answerTo(batch: readonly EventLine[], id: string): Promise<{ status: number; text: string }> {
    const { request, now, retryForMs, retrying, wait } = this.#options;
    const body = `{"events":[${batch.map(({ json }) => json).join(',')}]}`;
    const giveUpAt = now() + retryForMs;
    for (let failures = 0; ; failures++) {
      const answer = await request({ method: 'POST', target: TARGET, id, body });
      if (answer.kind === 'answer' && !isPassing(answer.status)) return answer;
      const waitMs = this.#waitAfter(answer, failures);
      const why =
        answer.kind === 'answer' ? problemText(answer.status, answer.text) : `no answer: ${answer.reason}`;
      if (now() + waitMs > giveUpAt) throw new Undecided(`${rangeOf(batch)}: ${why}`);
      retrying(why);
      await wait(waitMs);
    }
  }

  /** Full jitter, but never sooner than the server asks for. */
  #waitAfter(answer: Answer, failures: number): number {
    const longestMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    return Math.max(this.#options.chance() * longestMs, answer.kind === 'answer' ? answer.retryAfterMs : 0);
  }

  #accept(batch: readonly EventLine[], text: string): void {
    const results = resultsOf(text);
    if (results?.length !== batch.length) {
      throw new Failure(
        `${rangeOf(batch)}: got a 202 without a result for each event; is it an agentcast server?`,
      );
    }
    for (const [index, event] of batch.entries()) {
      this.#options.accepted(event, results[index] as Acceptance);
    }
  }

  #withoutRefused(
    batch: readonly EventLine[],
    { status, text }: { status: number; text: string },
  ): readonly EventLine[] {
    const faults = status === 400 ? faultsByIndex(text) : new Map<number, string>();
    const left = batch.filter((_, index) => !faults.has(index));
    if (left.length === batch.length) {
      throw new Failure(`${rangeOf(batch)}: ${problemText(status, text)}${remedyFor(status)}`);
    }
    for (const [index, event] of batch.entries()) {
      const why = faults.get(index);
      if (why !== undefined) this.#options.refused(event, why);
    }
    return left;
  }
}

const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** Where the events of a batch stand: `lines 1 to 500`. */
function rangeOf(batch: readonly EventLine[]): string {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined || first === last) return placeOf(first ?? { line: null });
  return `lines ${first.line} to ${last.line}`;
}

function resultsOf(text: string): readonly unknown[] | null {
  try {
    const { results } = JSON.parse(text) as { results?: unknown };
    return Array.isArray(results) ? results : null;
  } catch {
    return null;
  }
}

/** What a refusal says of each event: the server names it by its index, `events.3.payload.new_status`. */
function faultsByIndex(text: string): Map<number, string> {
  const faults = new Map<number, string>();
  let errors: unknown;
  try {
    errors = (JSON.parse(text) as { errors?: unknown }).errors;
  } catch {
    return faults;
  }
  for (const { path, detail } of Array.isArray(errors) ? errors : []) {
    const [, index, rest] = /^events\.(\d+)\.?(.*)$/.exec(String(path)) ?? [];
    if (index === undefined) continue;
    const why = rest === '' ? String(detail) : `${rest}: ${detail}`;
    const before = faults.get(Number(index));
    faults.set(Number(index), before === undefined ? why : `${before}; ${why}`);
  }
  return faults;
}
