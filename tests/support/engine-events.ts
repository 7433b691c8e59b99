import { randomUUID } from 'node:crypto';
import calculateSlot from 'cluster-key-slot';
import { expect, vi } from 'vitest';
import type {
  Appended,
  Engine,
  EventRecord,
  HandoverListener,
  IdempotencyKey,
  NewEvent,
} from '../../src/core/ports/engine.ts';
import { parseEvent } from '../../src/protocol/events.ts';
import * as protocol from '../../src/protocol/progress.ts';
import { eventFrame } from '../../src/protocol/server-messages.ts';

/** When all events of these tests were published. */
export const PUBLISHED_AT = Date.UTC(2026, 0, 8, 12);

/** A user that no other test has, so that all can share one Redis. */
export const freshUser = (): string => `u-${randomUUID()}`;
export const freshId = (): string => randomUUID();
export const freshKey = (): IdempotencyKey => ({ service: 'worker', id: randomUUID(), item: 0 });

export type EventFields = Readonly<Record<string, unknown>>;

/** An event as the publisher passes it to an engine; `fields` are those of a publish request. */
export function newEvent(userId: string, fields: EventFields = {}): NewEvent {
  const result = parseEvent({ event_type: 'NOTE', user_id: userId, agent_id: 'a-1', payload: {}, ...fields });
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults));
  const { event } = result;
  const { eventType, agentId, projectId, taskId, priority } = event;
  const frame = eventFrame(event, PUBLISHED_AT);
  const progress = protocol.progressOf(event);
  const endsTask = protocol.endsTask(event);
  return { userId, eventType, agentId, projectId, taskId, priority, progress, endsTask, frame };
}

export const progressOf = (userId: string, step = 1): NewEvent =>
  newEvent(userId, {
    event_type: 'PROGRESS_UPDATE',
    payload: { task_id: 't-1', current_step: step, total_steps: 10 },
  });

/** Appends an event under a key of its own. */
export const append = (engine: Engine, userId: string, fields?: EventFields): Promise<Appended> =>
  engine.streams.append(newEvent(userId, fields), freshKey());

/** Appends so many events one after the other, each with its number as `payload.n`, from 1 on. */
export async function appendMany(engine: Engine, userId: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await append(engine, userId, { payload: { n } });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export const textOf = (record: EventRecord | undefined): string => utf8.decode(record?.frame);
export const jsonOf = (record: EventRecord | undefined) => JSON.parse(textOf(record));
export const idsOf = (records: readonly EventRecord[]): (number | null)[] =>
  records.map(({ header }) => header.position?.sequenceId ?? null);

/** The sequence ids of a user's whole log, page by page. */
export async function loggedIds(engine: Engine, userId: string): Promise<(number | null)[]> {
  const ids: (number | null)[] = [];
  for (;;) {
    const { records } = await engine.streams.read(userId, ids.at(-1) ?? 0);
    if (records.length === 0) return ids;
    ids.push(...idsOf(records));
  }
}

/** Waits until an assertion holds; fails with it when that takes too long. */
export const eventually = <T>(check: () => T | Promise<T>, timeout = 8_000): Promise<T> =>
  vi.waitFor(check, { timeout, interval: 5 });

/** Everything that is handed over to one engine. */
export class Recorder implements HandoverListener {
  readonly all: { readonly userId: string; readonly record: EventRecord }[] = [];
  interruptions = 0;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    engine.handover.listen(this);
  }

  received(userId: string, record: EventRecord): void {
    this.all.push({ userId, record });
  }

  interrupted(): void {
    this.interruptions++;
  }

  /** What was handed over of one user. */
  of(userId: string): EventRecord[] {
    return this.all.filter((one) => one.userId === userId).map(({ record }) => record);
  }

  /**
   * Resolves when all that was accepted up to now has arrived: over one link, a hand-over comes after those before it.
   */
  async caughtUp(): Promise<void> {
    const markers = usersOfAllMasters();
    await Promise.all(markers.map((marker) => this.#engine.handover.subscribe(marker)));
    await Promise.all(markers.map((marker) => append(this.#engine, marker)));
    await eventually(() => {
      expect(markers.map((marker) => this.of(marker).length)).toEqual(markers.map(() => 1));
    });
    await Promise.all(markers.map((marker) => this.#engine.handover.unsubscribe(marker)));
  }
}

const MASTERS = 3;
const SLOTS = 16_384;

/** A new user for each master of the cluster of these tests, which has a link of its own. */
const usersOfAllMasters = (): string[] =>
  Array.from({ length: MASTERS }, (_, master) => userOfMaster(master));

function userOfMaster(master: number): string {
  for (;;) {
    const user = freshUser();
    if (Math.floor((calculateSlot(user) * MASTERS) / SLOTS) === master) return user;
  }
}
