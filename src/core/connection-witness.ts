import type { DropReason } from '../protocol/server-messages.ts';
import { PROGRESS } from './delivery-type.ts';
import type { History } from './history.ts';
import { STEP, Witness } from './history.ts';
import type { Latency } from './latency.ts';
import type { EventHeader, EventRecord } from './ports/engine.ts';
import type { DeliveryMetrics } from './ports/metrics.ts';
import type { Waiting } from './waiting.ts';
import { sequenceIdOf, typeOf } from './waiting.ts';

/** What the witnesses of an instance share. */
export type WitnessContext = {
  readonly history: History;
  readonly metrics: Pick<DeliveryMetrics, 'delivered' | 'dropped'>;
  readonly latency: Latency;
};

/** Notes and counts what becomes of all that is to be sent on one connection. */
export class ConnectionWitness extends Witness {
  readonly #context: WitnessContext;

  constructor(context: WitnessContext, subject: { readonly userId: string; readonly connectionId: string }) {
    super(context.history, subject.userId, subject.connectionId);
    this.#context = context;
  }

  /** An event could not leave in the turn in which it came. One that does is noted once, when it leaves. */
  queued(record: EventRecord): void {
    this.note(STEP.queued, sequenceIdOf(record));
  }

  shed({ priority, position }: EventHeader, reason: DropReason): void {
    this.#context.metrics.dropped(reason, priority);
    this.note(STEP[reason], position?.sequenceId ?? 0);
  }

  sent(item: Waiting): void {
    this.#context.metrics.delivered(typeOf(item), 1);
    const sequenceId = sequenceIdOf(item);
    if (sequenceId > 0) this.note(STEP.sent, sequenceId);
  }

  sentProgress(tasks: number): void {
    this.#context.metrics.delivered(PROGRESS, tasks);
  }

  /** One write is made up. @param first its first live event @param now by `Clock.elapsed` */
  wrote(first: EventRecord, now: number): void {
    this.#context.latency.left(first, now);
  }

  /** The connection ends before it could be sent. */
  abandoned(item: Waiting): void {
    const sequenceId = sequenceIdOf(item);
    if (sequenceId > 0) this.noteNow(STEP.abandoned, sequenceId);
  }
}
