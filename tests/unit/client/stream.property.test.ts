import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Range } from '../../../src/client/ranges.ts';
import {
  eventCame,
  eventsDropped,
  newStream,
  positionOf,
  replayAsked,
  replayEnded,
  replayStarted,
  type Stream,
} from '../../../src/client/stream.ts';

/** One stream of one life, kept from `trimmed` on, and one client of it. It says what the protocol says, and nothing else. */
class World {
  stream: Stream = newStream(null);
  readonly given: { id: number; isLate: boolean }[] = [];
  readonly gaps: Range[] = [];
  readonly existing: number[] = [];
  #epoch = 1;
  #newest = 0;
  #trimmed = 0;
  /** Numbers that an epoch skipped. */
  #skipped: Range | null = null;

  constructor() {
    this.reconnect({ away: 0, upTo: Number.POSITIVE_INFINITY });
  }

  live(): void {
    this.#publish(1);
    this.#come(this.#newest);
  }

  shed(count: number): void {
    const from = this.#newest + 1;
    this.#publish(count);
    const { stream, gaps } = eventsDropped(this.stream, { from, to: this.#newest }, true);
    this.stream = stream;
    this.gaps.push(...gaps);
  }

  trim(count: number): void {
    this.#trimmed = Math.min(this.#newest, this.#trimmed + count);
  }

  /** Numbers go on further up, under another name; the connection hears of it. */
  failOver(): void {
    this.#epoch++;
    this.#skipped = { from: this.#newest + 1, to: this.#newest + 1_000 };
    this.#newest += 1_000;
    this.#replay('resync', this.stream.cursor, Number.POSITIVE_INFINITY);
  }

  /** Asks for what was shed; some events come before the replay, which is cut after so many. */
  recover({ before, upTo }: { before: number; upTo: number }): void {
    this.stream = replayAsked(this.stream);
    const after = positionOf(this.stream)?.sequenceId ?? 0;
    for (let n = 0; n < before; n++) this.live();
    this.#replay('requested', after, upTo);
    if (this.stream.isReplaying) this.reconnect({ away: 0, upTo: Number.POSITIVE_INFINITY });
  }

  /** Away for so many events; the replay is cut after so many, and then there is another. */
  reconnect({ away, upTo }: { away: number; upTo: number }): void {
    this.#publish(away);
    this.stream = replayAsked(this.stream);
    this.#replay('connected', positionOf(this.stream)?.sequenceId ?? 0, upTo);
    if (this.stream.isReplaying) this.reconnect({ away: 1, upTo: Number.POSITIVE_INFINITY });
  }

  #publish(count: number): void {
    for (let n = 0; n < count; n++) this.existing.push(++this.#newest);
  }

  #replay(reason: string, after: number, upTo: number): void {
    const starts = [
      ...(after < this.#trimmed ? [{ from: after + 1, to: this.#trimmed }] : []),
      ...(this.#skipped !== null && after < this.#skipped.to ? [this.#skipped] : []),
    ];
    const missing =
      starts.length === 0
        ? null
        : {
            from_sequence_id: Math.max(after + 1, Math.min(...starts.map(({ from }) => from))),
            to_sequence_id: Math.max(...starts.map(({ to }) => to)),
            reason: 'trimmed' as const,
          };
    const start = { reason, epoch: String(this.#epoch), after_sequence_id: after, missing };
    const { stream, gaps } = replayStarted(this.stream, start);
    this.stream = stream;
    this.gaps.push(...gaps);
    const ids = this.existing.filter((id) => id > Math.max(after, this.#trimmed));
    for (const id of ids.slice(0, upTo)) this.#come(id);
    if (ids.length <= upTo) this.stream = replayEnded(this.stream, this.#newest);
  }

  #come(id: number): void {
    const { stream, delivery } = eventCame(this.stream, id);
    this.stream = stream;
    if (delivery !== null) this.given.push({ id, isLate: delivery === 'recovered' });
  }
}

const small = fc.nat({ max: 6 });
const step = fc.oneof(
  fc.constant((world: World) => world.live()),
  fc.constant((world: World) => world.failOver()),
  fc.integer({ min: 1, max: 4 }).map((count) => (world: World) => world.shed(count)),
  small.map((count) => (world: World) => world.trim(count)),
  fc.record({ before: small, upTo: small }).map((cut) => (world: World) => world.recover(cut)),
  fc.record({ away: small, upTo: small }).map((cut) => (world: World) => world.reconnect(cut)),
);

test('whatever is shed, cut, trimmed and failed over: each event is given out once, or lies in a gap', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      for (const take of steps) take(world);
      world.reconnect({ away: 1, upTo: Number.POSITIVE_INFINITY });

      const ids = world.given.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const isNamed = (id: number) => world.gaps.some(({ from, to }) => from <= id && id <= to);
      expect(world.existing.filter((id) => !ids.includes(id) && !isNamed(id))).toEqual([]);
      const inOrder = world.given.filter(({ isLate }) => !isLate).map(({ id }) => id);
      expect(inOrder).toEqual([...inOrder].sort((one, other) => one - other));
      expect(positionOf(world.stream)?.sequenceId).toBe(world.existing.at(-1));
    }),
    { numRuns: 500 },
  );
});
