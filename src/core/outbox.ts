import type { Flusher } from './flusher.ts';
import type { Socket } from './ports/transport.ts';

/** Bytes that may wait in the socket itself; above it, frames wait here, where their number is bounded. */
const SOCKET_BYTES = 64 * 1024;

/**
 * What waits to be sent on one connection (G6). Frames of one turn of the event loop leave in one write, and only
 * while the socket's own buffer is small.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #flusher: Flusher;
  #waiting: (Uint8Array | string)[] = [];
  #idle: (() => void)[] = [];

  constructor(socket: Socket, flusher: Flusher) {
    this.#socket = socket;
    this.#flusher = flusher;
  }

  /** How many frames wait, this turn's included. */
  get length(): number {
    return this.#waiting.length;
  }

  push(frame: Uint8Array | string): void {
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) this.#flusher.add(this);
  }

  /** Hands the socket what it has room for; called at the end of a turn, and when the socket has drained. */
  flush(): void {
    // Until nothing waits or the socket is full: one that took everything at once will not tell that it has drained.
    while (this.#waiting.length > 0 && this.#socket.bufferedBytes < SOCKET_BYTES) {
      this.#socket.send(this.#take(SOCKET_BYTES - this.#socket.bufferedBytes));
    }
    if (this.#isIdle()) this.#release();
  }

  /** Resolves once nothing waits, here or in the socket beyond what it may hold; also when the connection ends. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The connection ended: what waits is dropped. */
  clear(): void {
    this.#waiting = [];
    this.#release();
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#socket.bufferedBytes < SOCKET_BYTES;
  }

  #release(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Takes frames up to a number of bytes, and at least one. */
  #take(bytes: number): (Uint8Array | string)[] {
    let count = 0;
    for (let left = bytes; left > 0 && count < this.#waiting.length; count++) {
      left -= this.#waiting[count]?.length ?? 0;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}
