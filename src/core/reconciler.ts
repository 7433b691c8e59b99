import type { Feed } from './feed.ts';
import type { Feeds } from './feeds.ts';
import type { Cancel, Clock } from './ports/clock.ts';
import type { Engine, Position } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';

/** How many streams are opened again at a time after an interruption. */
const REOPEN_BATCH = 200;

export type ReconcilerOptions = {
  readonly engine: Engine;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'interrupted'>;
  readonly intervalMs: number;
};

/**
 * Compares every live feed with the end of its stream, all in one batch, every interval: a lost hand-over that no
 * later event betrays is found here (G4). After an interruption of the link, every stream is opened again first.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stop: Cancel;
  #isRunning = false;
  /** How often the link was interrupted, and how many of these times every stream has been checked for. */
  #interruptions = 0;
  #repaired = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#stop = options.clock.every(options.intervalMs, () => void this.run());
  }

  /** Whether every live stream was checked since the last interruption. */
  get isCaughtUp(): boolean {
    return this.#repaired === this.#interruptions;
  }

  /** Hand-overs may have been lost. */
  interrupted(): void {
    this.#interruptions++;
    this.#options.metrics.interrupted();
    void this.run();
  }

  stop(): void {
    this.#stop();
  }

  /** One comparison; does nothing while one is under way. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (!this.isCaughtUp) await this.#reopen();
      await this.#compare(this.#options.feeds.all());
    } catch (error) {
      if (!(error instanceof EngineUnavailable))
        this.#options.log.error('reconciling failed', { error: String(error) });
    } finally {
      this.#isRunning = false;
    }
  }

  async #compare(feeds: readonly Feed[]): Promise<void> {
    const before = feeds.map(({ end }) => end);
    const ends = await this.#options.engine.streams.ends(feeds.map(({ userId }) => userId));
    settle(feeds, before, ends);
  }

  async #reopen(): Promise<void> {
    const interruptions = this.#interruptions;
    const feeds = this.#options.feeds.all();
    const failures: PromiseRejectedResult[] = [];
    for (let start = 0; start < feeds.length; start += REOPEN_BATCH) {
      const batch = feeds.slice(start, start + REOPEN_BATCH);
      const before = batch.map(({ end }) => end);
      const answers = await Promise.allSettled(
        batch.map(({ userId }) => this.#options.engine.streams.open(userId)),
      );
      settle(batch, before, answers.map(answerOf));
      for (const [index, answer] of answers.entries()) batch[index]?.catchUp(answerOf(answer)?.running ?? []);
      failures.push(...answers.filter((answer) => answer.status === 'rejected'));
    }
    const [first] = failures;
    if (first !== undefined && failures.length === feeds.length) throw first.reason;
    this.#repaired = interruptions;
    const streams = feeds.length - failures.length;
    this.#options.log.info('streams were checked after an interruption', { streams });
    // A master that is away, or a key that is no stream, must not keep the others' clients from this instance. These
    // go on being compared.
    if (first !== undefined) this.#warn(failures.length, first.reason);
  }

  #warn(streams: number, error: unknown): void {
    this.#options.log.warn('streams could not be checked', { streams, error: String(error) });
  }
}

const answerOf = <Value>(answer: PromiseSettledResult<Value>): Value | undefined =>
  answer.status === 'fulfilled' ? answer.value : undefined;

function settle(
  feeds: readonly Feed[],
  before: readonly Position[],
  ends: readonly (Position | null | undefined)[],
): void {
  for (const [index, feed] of feeds.entries()) {
    const known = before[index];
    const end = ends[index];
    if (known !== undefined && end !== undefined) feed.reconcile(end, known);
  }
}
