import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Place } from './fault-audit.ts';
import type { LossLedger } from './fault-ledger.ts';
import { type Fields, numberedEvent, PUBLISH, PUBLISH_BATCH, Worker, type WorkerAnswer } from './worker.ts';

const REFUSED_WITHIN_MS = 2_000;
/** Far more than the 2 s in which a server has to answer: who waits longer has found a hang. */
const ANSWER_WITHIN_MS = 6_000;
/** Between two attempts, growing: who is refused and comes back at once keeps servers from getting well. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** How often a batch is sent where single events are, and how large it is. */
const BATCH_SHARE = 0.1;
const BATCH = 5;
/** How long one event is sent again and again before the test fails. */
const GIVE_UP_AFTER_MS = 40_000;

/** One request and what became of it; `status` is 0 where there was no answer. */
export type Attempt = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly ms: number;
};

export type PublisherOptions = {
  /** `http://…` of every server that takes events; a request goes to any of them, and is repeated at any other. */
  readonly urls: readonly string[];
  readonly ledger: LossLedger;
  readonly random: () => number;
};

type Request = { readonly path: string; readonly body: string; readonly id: string };

/** A worker that does not give up: sends under the same webhook-id until it is accepted, and enters that in the ledger. */
export class PersistentPublisher {
  readonly attempts: Attempt[] = [];
  /** Events that had been taken when they were sent again. */
  duplicates = 0;
  readonly #options: PublisherOptions;
  #marks = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Requests that were not accepted. */
  get refused(): Attempt[] {
    return this.attempts.filter(({ status }) => status !== 202);
  }

  /** Refusals that were not as the contract has them: a 503 within 2 s that tells when to come again. */
  get wrongRefusals(): Attempt[] {
    return this.refused.filter(
      ({ status, retryAfter, ms }) => status !== 503 || !retryAfter || ms > REFUSED_WITHIN_MS,
    );
  }

  /** Publishes one event; gives its place. */
  async publish(userId: string): Promise<Place & { readonly mark: number }> {
    const mark = this.#marks++;
    const body = JSON.stringify(numberedEvent(userId, mark));
    const answer = await this.#sendUntilAccepted({ path: PUBLISH, body, id: randomUUID() }, () => {});
    return this.#enter(userId, mark, answer.body);
  }

  /** Publishes several events of a user as one batch. */
  async batch(userId: string, size: number): Promise<void> {
    const marks = Array.from({ length: size }, () => this.#marks++);
    const body = JSON.stringify({ events: marks.map((mark) => numberedEvent(userId, mark)) });
    // What a 503 says was taken has been accepted, whatever comes of the rest.
    const enter = ({ body }: WorkerAnswer) => {
      const results = (body.results ?? []) as Fields[];
      for (const [index, mark] of marks.entries()) {
        if (typeof results[index]?.sequence_id === 'number') this.#enter(userId, mark, results[index]);
      }
    };
    await this.#sendUntilAccepted({ path: PUBLISH_BATCH, body, id: randomUUID() }, enter);
  }

  /** Publishes to each user so many times a second, mostly one event, until what it gives is called; that waits for the last. */
  keepOn(userIds: readonly string[], perSecond: number): () => Promise<void> {
    const running = new Set<Promise<unknown>>();
    const faults: unknown[] = [];
    const publishTo = (userId: string): Promise<unknown> =>
      this.#options.random() < BATCH_SHARE ? this.batch(userId, BATCH) : this.publish(userId);
    const tick = setInterval(() => {
      for (const userId of userIds) {
        const publishing: Promise<unknown> = publishTo(userId)
          .catch((error: unknown) => faults.push(error))
          .finally(() => running.delete(publishing));
        running.add(publishing);
      }
    }, 1_000 / perSecond);
    return async () => {
      clearInterval(tick);
      await Promise.all(running);
      if (faults.length > 0) throw faults[0];
    };
  }

  async #sendUntilAccepted(request: Request, heard: (answer: WorkerAnswer) => void): Promise<WorkerAnswer> {
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
    for (let pauseMs = SHORTEST_PAUSE_MS; performance.now() < giveUpAt; pauseMs *= 2) {
      const answer = await this.#send(request);
      if (answer !== null) heard(answer);
      if (answer?.status === 202) return answer;
      if (answer !== null && answer.status !== 503)
        throw new Error(`a publish got ${answer.status}: ${JSON.stringify(answer.body)}`);
      await pause(Math.min(pauseMs, LONGEST_PAUSE_MS) * (0.5 + this.#options.random()));
    }
    throw new Error(
      `a publish was not accepted within ${GIVE_UP_AFTER_MS} ms: ${request.body.slice(0, 200)}`,
    );
  }

  /** Gives null where no answer came: the server is gone, or went while it was asked. */
  async #send({ path, body, id }: Request): Promise<WorkerAnswer | null> {
    const { urls, random } = this.#options;
    const url = urls[Math.floor(random() * urls.length)] ?? '';
    const start = performance.now();
    const tooLate = pause(ANSWER_WITHIN_MS, null, { ref: false });
    const answer = await Promise.race([new Worker(url).send(path, body, { id }), tooLate]).catch(() => null);
    this.attempts.push({
      status: answer?.status ?? 0,
      retryAfter: answer?.headers.get('retry-after') ?? null,
      ms: performance.now() - start,
    });
    return answer;
  }

  #enter(
    userId: string,
    mark: number,
    { epoch, sequence_id, duplicate }: Fields,
  ): Place & { readonly mark: number } {
    if (duplicate === true) this.duplicates++;
    const accepted = { mark, epoch: String(epoch), sequenceId: Number(sequence_id) };
    this.#options.ledger.accept(userId, accepted);
    return accepted;
  }
}
