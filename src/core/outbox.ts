import { messageFrame } from '../protocol/server-messages.ts';
import type { ConnectionWitness } from './connection-witness.ts';
import type { DeliveryType } from './delivery-type.ts';
import { Dropped } from './dropped.ts';
import type { TaskProgress } from './feed.ts';
import type { OutboxContext, OutboxOwner, OutboxParts } from './outbox-parts.ts';
import { Pace } from './pace.ts';
import type { EventRecord } from './ports/engine.ts';
import type { Socket } from './ports/transport.ts';
import { ProgressLane } from './progress-lane.ts';
import { SendQueue } from './send-queue.ts';
import type { Waiting } from './waiting.ts';
import { isEvent, ProgressPlace } from './waiting.ts';

/** Bytes that may wait in the socket itself; above it, frames wait here, where their number is bounded. */
const SOCKET_BYTES = 64 * 1024;
/** A socket that took nothing for so many times the life of a waiting message, while messages are shed, is given up. */
const PATIENCE = 3;
const LEAST_PATIENCE_MS = 1_000;

/**
 * What waits to be sent on one connection (G6). Frames of one turn of the event loop leave in one write, only while the
 * socket's own buffer is small, and as fast as the limits allow. Replays and the server's own messages are free: a
 * replay comes no faster than the socket drains.
 */
export class Outbox {
  // Each is looked at for every message of every connection: the fewer objects a connection has, the more of them stay
  // in the processor's cache.
  readonly #context: OutboxContext;
  readonly #socket: Socket;
  readonly #witness: ConnectionWitness;
  readonly #owner: OutboxOwner;
  readonly #queue: SendQueue;
  readonly #pace: Pace;
  readonly #progress = new ProgressLane();
  #isFinishing = false;
  #isTouched = false;
  #blockedSince: number | null = null;
  #idle: (() => void)[] = [];

  /** @param context the same for all outboxes */
  constructor(context: OutboxContext, { socket, witness, owner }: OutboxParts) {
    const { clock, metrics, settings, turnstile } = context;
    this.#context = context;
    this.#socket = socket;
    this.#witness = witness;
    this.#owner = owner;
    this.#queue = new SendQueue(settings.sendBufferSize, witness);
    this.#pace = new Pace(settings.rateLimitPerConnection, { turnstile, metrics, now: clock.elapsed() });
  }

  /** How many frames wait that are neither live events nor progress, this turn's included. */
  get freeFrames(): number {
    return this.#queue.freeFrames;
  }

  /** How many messages wait, progress included. */
  get waiting(): number {
    return this.#queue.length + this.#progress.size;
  }

  /**
   * A message of the server itself, or an event that a replay brings: never shed, and free.
   * @param sequenceId of the event
   */
  push(frame: Uint8Array | string, type: DeliveryType, sequenceId = 0): void {
    this.#queue.pushFree({ header: null, type, frame, sequenceId });
    this.#touch();
  }

  /** A message of the server itself that has no place in the order: it waits for no event. */
  pushAhead(frame: Uint8Array | string, type: DeliveryType): void {
    this.#queue.pushAhead({ header: null, type, frame, sequenceId: 0 });
    this.#touch();
  }

  /** A live event. Where there is no room for it, something is shed, or the connection is given up. */
  pushEvent(record: EventRecord): void {
    // What one turn brings waits for its end, however fast the client reads.
    if (this.#queue.isFull) this.flush();
    const isFull = this.#queue.isFull;
    const reason = this.#blockedSince === null ? 'rate_limited' : 'buffer_full';
    const isAdded = this.#queue.pushEvent(record, reason);
    if (!isAdded) this.#witness.abandoned(record);
    this.#touch();
    if (!isAdded || (isFull && this.#isStuck())) this.#owner.overflowed();
  }

  /** A task went on. What waits of it is replaced: it only becomes newer. */
  pushProgress(task: TaskProgress, merged: number): void {
    const isNew = this.#progress.add(task, merged);
    const isBehind = this.#queue.isStale || this.#blockedSince !== null;
    if (isNew && !isBehind) this.#queue.pushFree(new ProgressPlace(task));
    this.#touch();
  }

  /** What waits of a task is not wanted any more. */
  dropProgress(task: TaskProgress): void {
    this.#progress.delete(task);
  }

  /** Other filters are in force: of what waits in progress, this is still wanted. */
  keepProgress(isWanted: (task: TaskProgress) => boolean): void {
    this.#progress.keep(isWanted);
  }

  /** Hands the socket what it has room for; called at the end of a turn, when it has drained, and by the pacer. */
  flush(now = this.#context.clock.elapsed()): void {
    this.#isTouched = false;
    const { settings } = this.#context;
    const socket = this.#socket;
    this.#witness.tick(now);
    this.#pace.fill(now);
    const isShed = this.#queue.expire(now - settings.queueTtlMs);
    // Until nothing may go or the socket is full: one that took everything at once will not tell that it has drained.
    let room = SOCKET_BYTES - socket.bufferedBytes;
    for (; room > 0 && this.#isWaiting; room = SOCKET_BYTES - socket.bufferedBytes) {
      const frames = this.#next(room, now);
      if (frames.length === 0) break;
      socket.send(frames);
      this.#blockedSince = null;
    }
    this.#queue.stamp(now);
    this.#blockedSince = room <= 0 ? (this.#blockedSince ?? now) : null;
    this.#wait();
    if (isShed && this.#isStuck() && !this.#isFinishing) this.#owner.overflowed();
  }

  /**
   * Resolves once no frame waits, here or in the socket beyond what it may hold; also when the connection ends. Events
   * wait for no rate any more then: critical ones may stand in the log behind them.
   */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.#touch();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The last flush: what the socket has room for goes, whatever the pace. */
  finish(): void {
    this.#isFinishing = true;
    this.flush();
  }

  /** The connection ended: what waits is dropped. */
  clear(): void {
    for (const item of this.#queue.clear()) this.#witness.abandoned(item);
    this.#progress.clear();
    this.#leave();
    this.#release();
  }

  #touch(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    this.#context.flusher.add(this);
  }

  #pays(forced: boolean): boolean {
    return this.#isFinishing || this.#pace.pays(this, forced);
  }

  #next(room: number, now: number): (Uint8Array | string)[] {
    const frames: (Uint8Array | string)[] = [];
    let left = room;
    let first: EventRecord | null = null;
    // What goes takes along what stands before it, whether it is a critical event, or a log that is to be read (G7).
    const items = this.#queue.take(room, (forced) => this.#pays(forced || this.#idle.length > 0));
    for (const item of items) {
      const frame = this.#frameOf(item, left);
      if (frame === null) continue;
      frames.push(frame);
      left -= frame.length;
      this.#witness.sent(item);
      if (first === null && isEvent(item)) first = item;
    }
    if (first !== null) this.#witness.wrote(first, now);
    if (frames.length > 0 || this.#queue.length > 0) return frames;
    // Who reads the log comes in between: progress alone may be more than the client ever takes.
    this.#release();
    const progress = this.#progress.takeAll(room, () => this.#pays(false));
    this.#witness.sentProgress(progress.length);
    return progress;
  }

  #frameOf(item: Waiting, room: number): Uint8Array | string | null {
    if (item instanceof ProgressPlace)
      return room > 0 ? this.#progress.take(item.task, () => this.#pays(false)) : null;
    if (item instanceof Dropped) return messageFrame(item.message, this.#context.clock.now());
    return item.frame;
  }

  #wait(): void {
    // Whoever waits for nothing but the socket is told when it has drained; events must not wait too long.
    if (this.#queue.events > 0 || this.#progress.size > 0) this.#context.pacer.add(this);
    else this.#leave();
    if (this.#idle.length > 0 && this.#isIdle()) this.#release();
  }

  #leave(): void {
    const { pacer, turnstile } = this.#context;
    pacer.delete(this);
    turnstile.leave(this);
  }

  get #isWaiting(): boolean {
    return this.#queue.length > 0 || this.#progress.size > 0;
  }

  #isStuck(): boolean {
    const { clock, settings } = this.#context;
    const patience = Math.max(LEAST_PATIENCE_MS, PATIENCE * settings.queueTtlMs);
    return this.#blockedSince !== null && clock.elapsed() - this.#blockedSince > patience;
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#socket.bufferedBytes < SOCKET_BYTES;
  }

  #release(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
