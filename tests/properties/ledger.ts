import type { Filters } from '../../src/protocol/filters.ts';

/** One event that a worker published, by the marker in its payload. */
export type Published = {
  readonly marker: number;
  readonly user: string;
  readonly agent: string;
  readonly at: number;
  /** null for an ephemeral event, and for one whose 202 never came. */
  readonly position: { readonly epoch: string; readonly sequenceId: number } | null;
  readonly isEphemeral: boolean;
};

/** A persisted event that got its 202. */
export type Accepted = Published & { readonly position: NonNullable<Published['position']> };

export type Retention = { readonly windowMs: number; readonly most: number };

/** What workers were promised: every event with its 202, and when the whole store was flushed. */
export class Ledger {
  readonly #events = new Map<number, Published>();
  readonly #lives = new Map<string, Accepted[]>();
  readonly #flushes: number[] = [];
  readonly #retention: Retention;

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  add(event: Published): void {
    this.#events.set(event.marker, event);
    const { position } = event;
    if (position === null) return;
    const name = `${event.user} ${position.epoch}`;
    this.#lives.set(name, [...(this.#lives.get(name) ?? []), { ...event, position }]);
  }

  /** Nothing is published in the same millisecond. */
  flushed(at: number): void {
    this.#flushes.push(at);
  }

  find(marker: unknown): Published | undefined {
    return typeof marker === 'number' ? this.#events.get(marker) : undefined;
  }

  /** Accepted events of one life of a user's stream, between two sequence ids, both excluded. */
  between(life: { user: string; epoch: string }, after: number, before: number): Accepted[] {
    return this.#life(life).filter(
      ({ position }) => position.sequenceId > after && position.sequenceId < before,
    );
  }

  /** Whether an event had left the log at a time, or may have, seeing that some were taken without a 202. */
  isGone({ user, at: publishedAt, position }: Accepted, at: number): boolean {
    const { windowMs, most } = this.#retention;
    if (at - publishedAt >= windowMs) return true;
    if (this.#flushes.some((flush) => publishedAt < flush && flush < at)) return true;
    return this.newestPossible({ user, epoch: position.epoch }, at) - position.sequenceId >= most;
  }

  /** The highest sequence id that a life of a stream is known to have had at a time. */
  newestKnown(life: { user: string; epoch: string }, at: number): number {
    const known = this.#life(life).filter((event) => event.at <= at);
    return known.at(-1)?.position.sequenceId ?? 0;
  }

  /** The highest sequence id that a life of a stream may have had at a time. */
  newestPossible(life: { user: string; epoch: string }, at: number): number {
    const unsure = [...this.#events.values()].filter(
      ({ user, position, isEphemeral }) => user === life.user && position === null && !isEphemeral,
    );
    return this.newestKnown(life, at) + unsure.length;
  }

  #life({ user, epoch }: { user: string; epoch: string }): readonly Accepted[] {
    return this.#lives.get(`${user} ${epoch}`) ?? [];
  }
}

/** Whether filters let an event through; all events of the schedules are of one type and none has a project. */
export const letsThrough = (filters: Filters, { agent }: Published): boolean =>
  filters.agent_ids === null || filters.agent_ids.includes(agent);
