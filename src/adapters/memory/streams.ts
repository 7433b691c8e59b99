import type { EngineOptions } from '../../core/limits.ts';
import {
  CLAIM_MS,
  IDEMPOTENCY_WINDOW_MS,
  MOST_TASKS,
  PAGE_BYTES,
  STREAM_MEMORY_MS,
} from '../../core/limits.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Appended,
  EventRecord,
  IdempotencyKey,
  NewEvent,
  Opened,
  Page,
  Position,
  Streams,
  Tail,
} from '../../core/ports/engine.ts';
import type { Random } from '../../core/ports/random.ts';
import type { Progress } from '../../protocol/progress.ts';
import { progressFields } from '../../protocol/progress.ts';
import type { Tasks } from './progress.ts';
import { advanced, freeTasks, isOver, remainingMs } from './progress.ts';
import type { MemoryStore, MemoryStream } from './store.ts';
import { dropExpired, putExpiring } from './store.ts';

const utf8 = new TextEncoder();

/** Streams in memory: the same steps as `append.lua` and `read.lua`, atomic because nothing here waits. */
export class MemoryStreams implements Streams {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: EngineOptions;

  constructor(store: MemoryStore, options: EngineOptions & { clock: Clock; random: Random }) {
    this.#store = store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#options = options;
  }

  async claim(key: Omit<IdempotencyKey, 'item'>, bodyHash: string): Promise<'claimed' | 'conflict'> {
    const now = this.#clock.elapsed();
    const { claims } = this.#store;
    dropExpired(claims, now);
    const name = `${key.service} ${key.id}`;
    const known = claims.get(name);
    if (known !== undefined && known.value !== bodyHash) return 'conflict';
    // Renewed: the binding has to outlive every result that is stored under it.
    putExpiring(claims, name, { value: bodyHash, expiresAt: now + CLAIM_MS });
    return 'claimed';
  }

  async append(event: NewEvent, key: IdempotencyKey): Promise<Appended> {
    const now = this.#clock.elapsed();
    const { results } = this.#store;
    dropExpired(results, now);
    const name = `${event.userId} ${key.service} ${key.item} ${key.id}`;
    const known = results.get(name);
    if (known !== undefined) return { ...known.value, duplicate: true };
    const stream = this.#adopt(event.userId, now);
    const { progress } = event;
    const record = progress === null ? this.#log(event, stream, now) : this.#advance(event, progress, now);
    const sequenceId = record?.header.position?.sequenceId ?? null;
    const appended = { sequenceId, epoch: stream.epoch, duplicate: false };
    results.set(name, { value: appended, expiresAt: now + IDEMPOTENCY_WINDOW_MS });
    if (record !== null) this.#handOver(event.userId, record);
    return appended;
  }

  async open(userId: string): Promise<Opened> {
    const now = this.#clock.elapsed();
    const stream = this.#adopt(userId, now);
    this.#trim(stream, now);
    const tasks = [...(this.#store.progress.get(userId)?.values() ?? [])];
    const oldest = now - this.#options.replayWindowMs;
    const running = tasks.flatMap(({ state, record }) => (state.at > oldest && record) || []);
    return { ...tailOf(stream), running };
  }

  async read(userId: string, afterSequenceId: number): Promise<Page> {
    const now = this.#clock.elapsed();
    const stream = this.#adopt(userId, now);
    this.#trim(stream, now);
    return { tail: tailOf(stream), records: pageOf(stream, afterSequenceId, this.#options.pageEvents) };
  }

  async ends(userIds: readonly string[]): Promise<readonly (Position | null)[]> {
    return userIds.map((userId) => {
      const stream = this.#store.streams.get(userId);
      if (stream === undefined) return null;
      stream.touchedAt = this.#clock.elapsed();
      return { epoch: stream.epoch, sequenceId: stream.newest };
    });
  }

  /** Forgets what has expired and nobody asks about. */
  sweep(): void {
    const now = this.#clock.elapsed();
    dropExpired(this.#store.claims, now);
    dropExpired(this.#store.results, now);
    for (const [userId, stream] of this.#store.streams) {
      this.#trim(stream, now);
      if (stream.touchedAt + STREAM_MEMORY_MS <= now) this.#store.streams.delete(userId);
    }
    const oldest = now - this.#options.replayWindowMs;
    for (const [userId, tasks] of this.#store.progress) {
      for (const [name, { state }] of tasks) if (state.at <= oldest) tasks.delete(name);
      if (tasks.size === 0) this.#store.progress.delete(userId);
    }
  }

  #handOver(userId: string, record: EventRecord): void {
    for (const listener of this.#store.subscriptions.get(userId) ?? []) listener.received(userId, record);
  }

  #log(event: NewEvent, stream: MemoryStream, now: number): EventRecord {
    const sequenceId = stream.newest + 1;
    const position = { epoch: stream.epoch, sequenceId };
    const record = { header: { ...labelsOf(event), position }, frame: frameOf(event, `${sequenceId}`) };
    stream.newest = sequenceId;
    stream.log.push({ record, sequenceId, at: now });
    this.#trim(stream, now);
    if (event.endsTask) this.#endTask(event);
    return record;
  }

  /** However far it came: nobody is shown it any more. */
  #endTask({ userId, agentId, taskId }: NewEvent): void {
    const tasks = this.#store.progress.get(userId);
    const name = `${agentId} ${taskId}`;
    const known = tasks?.get(name);
    if (known !== undefined)
      tasks?.set(name, { state: { ...known.state, total: known.state.step }, record: null });
  }

  /** null for an update that would go backwards: nobody is handed it. */
  #advance(event: NewEvent, progress: Progress, now: number): EventRecord | null {
    const tasks: Tasks = this.#store.progress.get(event.userId) ?? new Map();
    const name = `${event.agentId} ${event.taskId}`;
    const oldest = now - this.#options.replayWindowMs;
    const known = tasks.get(name)?.state;
    const state = advanced(known !== undefined && known.at > oldest ? known : null, progress, now);
    if (state === null) return null;
    if (known === undefined) freeTasks(tasks, { most: MOST_TASKS, oldest });
    const { run, update, step, total } = state;
    const record = {
      header: { ...labelsOf(event), position: null, progress: { run, update, step, total } },
      frame: frameOf(event, progressFields(state.percent, remainingMs(state))),
    };
    this.#store.progress.set(event.userId, tasks.set(name, { state, record: isOver(state) ? null : record }));
    return record;
  }

  #adopt(userId: string, now: number): MemoryStream {
    let stream = this.#store.streams.get(userId);
    if (stream === undefined) {
      stream = { epoch: this.#random.id(), newest: 0, trimmedTo: 0, log: [], touchedAt: now };
      this.#store.streams.set(userId, stream);
    }
    stream.touchedAt = now;
    return stream;
  }

  #trim(stream: MemoryStream, now: number): void {
    const { log } = stream;
    const tooMany = log.length - this.#options.maxReplayMessages;
    const lastTooMany = log[tooMany - 1];
    if (lastTooMany !== undefined) stream.trimmedTo = lastTooMany.sequenceId;
    let gone = Math.max(0, tooMany);
    for (; gone < log.length; gone++) {
      const entry = log[gone];
      if (entry === undefined || entry.at > now - this.#options.replayWindowMs) break;
    }
    if (gone > 0) log.splice(0, gone);
  }
}

const labelsOf = ({ agentId, projectId, eventType, priority, taskId, endsTask }: NewEvent) => ({
  agentId,
  projectId,
  eventType,
  priority,
  taskId,
  ...(endsTask && { endsTask: true as const }),
});

const frameOf = ({ frame: { head, tail } }: NewEvent, between: string): Uint8Array =>
  utf8.encode(head + between + tail);

function tailOf({ epoch, newest, trimmedTo, log }: MemoryStream): Tail {
  const oldest = log[0]?.sequenceId ?? newest + 1;
  // Nothing is ever lost but all of it, so that an epoch begins at 1 and has none before it.
  return { epoch, sequenceId: newest, firstOfEpoch: 1, previous: null, oldest, trimmedTo };
}

function pageOf({ log }: MemoryStream, afterSequenceId: number, most: number): EventRecord[] {
  const records: EventRecord[] = [];
  let bytes = 0;
  const start = Math.max(0, afterSequenceId + 1 - (log[0]?.sequenceId ?? 0));
  for (const { record } of log.slice(start, start + most)) {
    bytes += record.frame.length;
    if (bytes > PAGE_BYTES && records.length > 0) break;
    records.push(record);
  }
  return records;
}
