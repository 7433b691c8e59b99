import { messageFrame } from '../protocol/server-messages.ts';
import type { Allowance } from './allowance.ts';
import { Dropped } from './dropped.ts';
import type { TaskProgress } from './feed.ts';
import type { Flusher } from './flusher.ts';
import { Pace } from './pace.ts';
import type { Pacer } from './pacer.ts';
import type { Clock } from './ports/clock.ts';
import type { EventRecord } from './ports/engine.ts';
import type { Socket } from './ports/transport.ts';
import type { Waiting } from './send-queue.ts';
import { ProgressPlace, SendQueue } from './send-queue.ts';

/** Bytes that may wait in the socket itself; above it, frames wait here, where their number is bounded. */
const SOCKET_BYTES = 64 * 1024;
/** A socket that took nothing for so many times the life of a waiting message, while messages are shed, is given up. */
const PATIENCE = 3;
const LEAST_PATIENCE_MS = 1_000;

/** What the outboxes of an instance share. */
export type OutboxContext = {
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly pacer: Pacer;
  /** The limit over the whole cluster. */
  readonly globalLimit: Allowance;
};

export type OutboxSettings = {
  readonly sendBufferSize: number;
  readonly queueTtlMs: number;
  /** Messages per second; 0 = unlimited. */
  readonly rateLimitPerConnection: number;
};

export type OutboxOptions = OutboxContext & {
  readonly socket: Socket;
  readonly settings: OutboxSettings;
  /** The client takes too little, and nothing more may be shed. */
  overflowed(): void;
};

/**
 * What waits to be sent on one connection (G6). Frames of one turn of the event loop leave in one write, only while the
 * socket's own buffer is small, and as fast as the limits allow. Replays and the server's own messages are free: a
 * replay comes no faster than the socket drains.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: SendQueue;
  readonly #pace: Pace;
  /** Tasks that went on, with the updates that the next message of each stands for. */
  readonly #tasks = new Map<TaskProgress, number>();
  #pay = (forced: boolean): boolean => this.#pace.pays(forced);
  #isTouched = false;
  #blockedSince: number | null = null;
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    const { clock, globalLimit, settings } = options;
    this.#options = options;
    this.#queue = new SendQueue(settings.sendBufferSize);
    this.#pace = new Pace(settings.rateLimitPerConnection, globalLimit, clock.elapsed());
  }

  /** How many frames wait that are neither live events nor progress, this turn's included. */
  get freeFrames(): number {
    return this.#queue.length - this.#queue.events;
  }

  /** A message of the server itself, or an event that a replay brings: never shed, and free. */
  push(frame: Uint8Array | string): void {
    this.#queue.pushFree({ header: null, frame });
    this.#touch();
  }

  /** A live event. Where there is no room for it, something is shed, or the connection is given up. */
  pushEvent(record: EventRecord): void {
    // What one turn brings waits for its end, however fast the client reads.
    if (this.#queue.isFull) this.flush();
    const isFull = this.#queue.isFull;
    const reason = this.#blockedSince === null ? 'rate_limited' : 'buffer_full';
    const isAdded = this.#queue.pushEvent(record, reason);
    this.#touch();
    if (!isAdded || (isFull && this.#isStuck())) this.#options.overflowed();
  }

  /** A task went on. What waits of it is replaced: progress is never shed, it only becomes newer (G10). */
  pushProgress(task: TaskProgress, merged: number): void {
    const waiting = this.#tasks.get(task);
    this.#tasks.set(task, (waiting ?? 0) + merged);
    if (waiting === undefined && !this.#queue.isStale) this.#queue.pushFree(new ProgressPlace(task));
    this.#touch();
  }

  /** Other filters are in force: of what waits in progress, this is still wanted. */
  keepProgress(isWanted: (task: TaskProgress) => boolean): void {
    for (const task of this.#tasks.keys()) if (!isWanted(task)) this.#tasks.delete(task);
  }

  /** Hands the socket what it has room for; called at the end of a turn, when it has drained, and by the pacer. */
  flush(now = this.#options.clock.elapsed()): void {
    this.#isTouched = false;
    const { socket, settings } = this.#options;
    this.#pace.fill(now);
    this.#queue.expire(now - settings.queueTtlMs);
    // Until nothing may go or the socket is full: one that took everything at once will not tell that it has drained.
    let room = SOCKET_BYTES - socket.bufferedBytes;
    for (; room > 0 && this.#isWaiting; room = SOCKET_BYTES - socket.bufferedBytes) {
      const frames = this.#next(room);
      if (frames.length === 0) break;
      socket.send(frames);
      this.#blockedSince = null;
    }
    this.#queue.stamp(now);
    this.#blockedSince = room <= 0 ? (this.#blockedSince ?? now) : null;
    this.#wait();
  }

  /** Resolves once no frame waits, here or in the socket beyond what it may hold; also when the connection ends. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The last flush: what the socket has room for goes, whatever the pace. */
  finish(): void {
    this.#pay = () => true;
    this.flush();
  }

  /** The connection ended: what waits is dropped. */
  clear(): void {
    this.#queue.clear();
    this.#tasks.clear();
    this.#options.pacer.delete(this);
    this.#release();
  }

  #touch(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    this.#options.flusher.add(this);
  }

  #next(room: number): (Uint8Array | string)[] {
    const frames: (Uint8Array | string)[] = [];
    for (const item of this.#queue.take(room, this.#pay)) {
      const frame = this.#frameOf(item);
      if (frame !== null) frames.push(frame);
    }
    if (frames.length === 0 && this.#queue.length === 0) this.#takeProgress(room, frames);
    return frames;
  }

  /** Progress that had no place of its own among the events, or could not be paid for there. */
  #takeProgress(room: number, frames: (Uint8Array | string)[]): void {
    let left = room;
    for (const task of this.#tasks.keys()) {
      const frame = left > 0 ? this.#progressOf(task) : null;
      if (frame === null) return;
      frames.push(frame);
      left -= frame.length;
    }
  }

  #frameOf(item: Waiting): Uint8Array | string | null {
    if (item instanceof ProgressPlace) return this.#progressOf(item.task);
    if (item instanceof Dropped) return messageFrame(item.message, this.#options.clock.now());
    return item.frame;
  }

  /** null where it was sent already, or has to wait. */
  #progressOf(task: TaskProgress): Uint8Array | string | null {
    const merged = this.#tasks.get(task);
    if (merged === undefined || !this.#pay(false)) return null;
    this.#tasks.delete(task);
    return task.frame(merged);
  }

  #wait(): void {
    const { pacer } = this.#options;
    // Whoever waits for nothing but the socket is told when it has drained; events must not wait too long.
    if (this.#queue.events > 0 || this.#tasks.size > 0) pacer.add(this);
    else pacer.delete(this);
    if (this.#idle.length > 0 && this.#isIdle()) this.#release();
  }

  get #isWaiting(): boolean {
    return this.#queue.length > 0 || this.#tasks.size > 0;
  }

  #isStuck(): boolean {
    const { clock, settings } = this.#options;
    const patience = Math.max(LEAST_PATIENCE_MS, PATIENCE * settings.queueTtlMs);
    return this.#blockedSince !== null && clock.elapsed() - this.#blockedSince > patience;
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#options.socket.bufferedBytes < SOCKET_BYTES;
  }

  #release(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
