import type { Filters } from '../protocol/filters.ts';
import { passes } from '../protocol/filters.ts';
import type { ReplayReason, ServerMessage } from '../protocol/server-messages.ts';
import type { CatchUp } from './catch-up.ts';
import { isNews, namedOf } from './catch-up.ts';
import { typeOfEvent } from './delivery-type.ts';
import type { Feed, TaskProgress } from './feed.ts';
import type { Witness } from './history.ts';
import { STEP } from './history.ts';
import type { Outbox } from './outbox.ts';
import type { Clock } from './ports/clock.ts';
import type { EventRecord, Page, Position } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { CatchUpReason, Metrics } from './ports/metrics.ts';
import { further } from './position.ts';
import type { ClaimedPosition } from './replay-plan.ts';
import { planReplay } from './replay-plan.ts';

export type DeliveryOptions = {
  readonly feed: Feed;
  readonly outbox: Outbox;
  readonly filters: Filters;
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly witness: Witness;
  readonly owner: DeliveryOwner;
};

export type DeliveryOwner = {
  say(message: ServerMessage): void;
  failed(error: unknown): void;
};

/**
 * Delivers one stream to one connection: a position that only moves by what was delivered, filtered out, or named
 * missing (G2, G3). At the end of the stream it is live and takes each event as it comes; whenever an event does not
 * follow on its position it goes back to the log, page by page, as fast as the socket drains. Replay on connect,
 * replay on request, repair of lost hand-overs and catching up after an outage are all this one way.
 */
export class Delivery {
  #filters: Filters;
  readonly #options: DeliveryOptions;
  #position: Position | ClaimedPosition;
  #catchUp: CatchUp | null = null;
  #running = false;
  #ended = false;

  constructor(options: DeliveryOptions, from: ClaimedPosition) {
    this.#options = options;
    this.#filters = options.filters;
    this.#position = from;
  }

  get filters(): Filters {
    return this.#filters;
  }

  /** From now on; tasks in progress that pass only now are told of at once. */
  set filters(filters: Filters) {
    const former = this.#filters;
    this.#filters = filters;
    this.#options.outbox.keepProgress((task) => passes(filters, task.header));
    for (const task of this.#options.feed.running()) if (!passes(former, task.header)) this.progress(task, 1);
  }

  /** Newest sequence id that was delivered, filtered out or named missing. */
  get sequenceId(): number {
    return this.#position.sequenceId;
  }

  get isLive(): boolean {
    return this.#catchUp === null;
  }

  /** Replays from a position, and then goes on live; takes the place of a replay under way. */
  replay(reason: Exclude<CatchUpReason, 'repair'>, from: ClaimedPosition): void {
    this.#position = from;
    this.#goBack(reason);
  }

  /** An event was handed over. */
  receive(record: EventRecord): void {
    const { position } = record.header;
    if (position === null) return;
    const { witness } = this.#options;
    if (this.#catchUp !== null) {
      this.#catchUp.heard = further(this.#catchUp.heard, position);
      witness.note(STEP.catchingUp, position.sequenceId);
      return;
    }
    const follows =
      position.epoch === this.#position.epoch && position.sequenceId - this.#position.sequenceId;
    if (follows === 1) this.#deliver(record, position);
    else if (follows === false || follows > 0) {
      witness.note(STEP.gap, position.sequenceId);
      this.#goBack('repair');
    } else witness.note(STEP.known, position.sequenceId);
  }

  /** Looks into the log if the stream may have gone on without this connection, or a look failed before. */
  check(end: Position | null): void {
    if (this.#catchUp !== null) {
      // The page that is on its way may be older than this.
      if (end !== null) this.#catchUp.heard = further(this.#catchUp.heard, end);
      this.#run();
      return;
    }
    const { epoch, sequenceId } = this.#position;
    if (end === null || end.epoch !== epoch || end.sequenceId !== sequenceId) this.#goBack('repair');
  }

  progress(task: TaskProgress, merged: number): void {
    const { outbox } = this.#options;
    if (passes(this.#filters, task.header)) outbox.pushProgress(task, merged);
    // What waits of it would be sent as it is now.
    else outbox.dropProgress(task);
  }

  end(): void {
    if (!this.#ended) this.#giveUp('abandoned');
    this.#ended = true;
  }

  #goBack(reason: CatchUpReason): void {
    this.#giveUp('replaced');
    const { clock, feed } = this.#options;
    const none = { announced: false, events: 0, delivered: 0, named: null };
    this.#catchUp = { reason, since: clock.elapsed(), ...none, heard: feed.end };
    this.#run();
  }

  #giveUp(outcome: 'abandoned' | 'replaced'): void {
    const reason = this.#catchUp?.reason ?? 'repair';
    if (reason !== 'repair') this.#options.metrics.replayGivenUp(reason, outcome);
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#readOn().then(
      () => {
        this.#running = false;
        // An event may have sent it back to the log after the loop had ended, and before this was known.
        if (this.#catchUp !== null && !this.#ended) this.#run();
      },
      (error: unknown) => {
        this.#running = false;
        // Without the engine the connection stays, and goes on from here when it is back.
        if (!(error instanceof EngineUnavailable)) this.#options.owner.failed(error);
      },
    );
  }

  async #readOn(): Promise<void> {
    while (!this.#ended) {
      await this.#options.outbox.idle();
      const catchUp = this.#catchUp;
      if (catchUp === null || this.#ended) return;
      const page = await this.#options.feed.read(this.#position.sequenceId);
      // A page that was asked for before a new replay began says nothing about it.
      if (this.#catchUp === catchUp && !this.#ended) this.#apply(page, catchUp);
    }
  }

  #apply(page: Page, catchUp: CatchUp): void {
    const { after, missing } = planReplay(this.#position, page.tail);
    const { epoch } = page.tail;
    const asked = catchUp.reason === 'repair' ? null : catchUp.reason;
    if (isNews(missing, epoch, catchUp.named) || (asked !== null && !catchUp.announced)) {
      const payload = { epoch, after_sequence_id: after, complete: missing === null, missing };
      const reason: ReplayReason = catchUp.announced ? 'resync' : (asked ?? 'resync');
      this.#options.owner.say({ type: 'REPLAY_START', payload: { reason, ...payload } });
      this.#options.metrics.replayed(reason, missing);
      catchUp.announced = true;
      catchUp.delivered = 0;
      catchUp.named = missing === null ? null : namedOf(missing, page.tail);
    }
    const isElsewhere = after !== this.#position.sequenceId;
    this.#position = { epoch, sequenceId: after };
    // The page was read after the position claimed, which turned out not to be of this stream.
    if (isElsewhere && after < page.tail.sequenceId) return;
    this.#push(page, catchUp);
    if (page.records.length === 0 || this.#position.sequenceId === page.tail.sequenceId)
      this.#arrive(page, catchUp);
  }

  #push({ tail: { epoch }, records }: Page, catchUp: CatchUp): void {
    const { outbox, witness } = this.#options;
    witness.tick();
    for (const { header, frame } of records) {
      const sequenceId = header.position?.sequenceId ?? 0;
      this.#position = { epoch, sequenceId };
      const isWanted = passes(this.#filters, header);
      witness.note(isWanted ? STEP.replayed : STEP.filtered, sequenceId);
      if (!isWanted) continue;
      outbox.push(frame, typeOfEvent(header.eventType), sequenceId);
      catchUp.events++;
      catchUp.delivered++;
    }
  }

  #arrive({ tail }: Page, catchUp: CatchUp): void {
    const { heard } = catchUp;
    catchUp.heard = null;
    if (heard !== null && (heard.epoch !== tail.epoch || heard.sequenceId > tail.sequenceId)) return;
    this.#position = { epoch: tail.epoch, sequenceId: tail.sequenceId };
    this.#catchUp = null;
    this.#options.metrics.caughtUp(catchUp.reason, this.#sizeOf(catchUp));
    this.#options.feed.advance(this.#position as Position);
    if (!catchUp.announced) return;
    const payload = { sequence_id: tail.sequenceId, delivered: catchUp.delivered };
    this.#options.owner.say({ type: 'REPLAY_END', payload });
  }

  #sizeOf({ events, since }: CatchUp): { events: number; seconds: number } {
    return { events, seconds: (this.#options.clock.elapsed() - since) / 1_000 };
  }

  #deliver(record: EventRecord, position: Position): void {
    this.#position = position;
    if (passes(this.#filters, record.header)) this.#options.outbox.pushEvent(record);
    else this.#options.witness.note(STEP.filtered, position.sequenceId);
  }
}
