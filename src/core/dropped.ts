import type { Priority } from '../protocol/events.ts';
import { PRIORITIES } from '../protocol/events.ts';
import type { DropReason, ServerMessage } from '../protocol/server-messages.ts';
import { typeOfMessage } from './delivery-type.ts';
import type { EventHeader } from './ports/engine.ts';

const MESSAGES_DROPPED = typeOfMessage('MESSAGES_DROPPED');

/** Stands in a queue in place of the events that were shed there, one after another and for one reason (G3). */
export class Dropped {
  readonly header = null;
  readonly type = MESSAGES_DROPPED;
  readonly sequenceId = 0;
  readonly reason: DropReason;
  readonly #byPriority: Partial<Record<Priority, number>> = {};
  #count = 0;
  #from = Number.POSITIVE_INFINITY;
  #to = 0;

  constructor(reason: DropReason) {
    this.reason = reason;
  }

  add({ priority, position }: EventHeader): this {
    this.#count++;
    this.#byPriority[priority] = (this.#byPriority[priority] ?? 0) + 1;
    this.#widen(position?.sequenceId ?? 0, position?.sequenceId ?? 0);
    return this;
  }

  /** Takes in what stands right behind it. */
  absorb(other: Dropped): void {
    this.#count += other.#count;
    for (const priority of PRIORITIES) {
      const more = other.#byPriority[priority];
      if (more !== undefined) this.#byPriority[priority] = (this.#byPriority[priority] ?? 0) + more;
    }
    this.#widen(other.#from, other.#to);
  }

  get message(): ServerMessage {
    return {
      type: 'MESSAGES_DROPPED',
      payload: {
        count: this.#count,
        by_priority: { ...this.#byPriority },
        reason: this.reason,
        from_sequence_id: this.#from,
        to_sequence_id: this.#to,
        // Only persisted events are ever shed: the log has them while the window lasts.
        recoverable: true,
      },
    };
  }

  #widen(from: number, to: number): void {
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
  }
}
