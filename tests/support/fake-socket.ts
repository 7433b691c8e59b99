import type { Socket, SocketHandlers } from '../../src/core/ports/transport.ts';

/** A message of the server as a client reads it. */
export type Frame = {
  readonly type: string;
  readonly timestamp: string;
  readonly sequence_id?: number;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** So much in front of a blocked socket that there is room for a single frame more. */
export const NEARLY_FULL = 64 * 1024 - 1;

const utf8 = new TextDecoder();
const bytesOf = (frame: Uint8Array | string): number =>
  typeof frame === 'string' ? new TextEncoder().encode(frame).length : frame.length;

/**
 * The server's end of a WebSocket, and its client. The kernel takes everything at once, until `block` lets it take
 * nothing; what it took, the client has read.
 */
export class FakeSocket implements Socket {
  /** Every message that the client read, in order. */
  readonly frames: Frame[] = [];
  /** The same as text, as it was on the wire. */
  readonly texts: string[] = [];
  /** How many frames each call of `send` was given. */
  readonly writes: number[] = [];
  /** What this side closed with. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;
  /** The client never answers a close frame. */
  isDeaf = false;
  /** Told of every message that the client reads. */
  onFrame: (frame: Frame) => void = () => {};
  #handlers: SocketHandlers | null = null;
  #isBlocked = false;
  #ballast = 0;
  #isGone = false;
  #waiting: string[] = [];
  #buffered = 0;

  /** Opens it on the handlers of the one who accepted the upgrade. */
  open(handlers: SocketHandlers): this {
    this.#handlers = handlers;
    handlers.open(this);
    return this;
  }

  get bufferedBytes(): number {
    return this.#buffered + this.#ballast;
  }

  /** Whether both sides still talk. */
  get isOpen(): boolean {
    return !this.#isGone && this.closedWith === null;
  }

  send(frames: readonly (Uint8Array | string)[]): void {
    if (!this.isOpen || frames.length === 0) return;
    this.writes.push(frames.length);
    for (const frame of frames) {
      this.#waiting.push(typeof frame === 'string' ? frame : utf8.decode(frame));
      this.#buffered += bytesOf(frame);
    }
    if (!this.#isBlocked) this.#take(this.#waiting.length);
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.closedWith = { code, reason };
    // The peer answers the handshake, in a later turn.
    if (!this.isDeaf) queueMicrotask(() => this.#end(code, true));
  }

  terminate(): void {
    this.#end(1006, false);
  }

  /**
   * From now on the kernel takes nothing but what `take` lets it.
   * @param ballast bytes that stand before it; with NEARLY_FULL, the server hands over one frame at a time
   */
  block(ballast = 0): void {
    this.#isBlocked = true;
    this.#ballast = ballast;
  }

  /** The kernel takes some of what waits, or all of it. */
  take(frames = this.#waiting.length): void {
    const wasWaiting = this.#waiting.length > 0;
    this.#take(frames);
    if (wasWaiting && this.#waiting.length === 0 && this.isOpen) this.#handlers?.drain();
  }

  /** The kernel takes everything again. */
  unblock(): void {
    this.#isBlocked = false;
    this.#ballast = 0;
    this.#take(this.#waiting.length);
    if (this.isOpen) this.#handlers?.drain();
  }

  /** The client sends a message. */
  says(message: unknown): void {
    this.saysText(JSON.stringify(message));
  }

  saysText(text: string): void {
    if (this.isOpen) this.#handlers?.message(text);
  }

  saysBinary(): void {
    if (this.isOpen) this.#handlers?.binary();
  }

  /** The client leaves, with a close frame or without. */
  leave(wasClean = true): void {
    this.#end(wasClean ? 1000 : 1006, wasClean);
  }

  /** What the client read of one type. */
  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  /** The sequence ids that the client read, in order. */
  get sequenceIds(): number[] {
    return this.frames.flatMap(({ sequence_id }) => sequence_id ?? []);
  }

  #take(count: number): void {
    const taken = this.#waiting.splice(0, count);
    this.#buffered = this.#waiting.reduce((sum, text) => sum + bytesOf(text), 0);
    for (const text of taken) {
      const frame: Frame = JSON.parse(text);
      this.texts.push(text);
      this.frames.push(frame);
      this.onFrame(frame);
    }
  }

  #end(code: number, wasClean: boolean): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#waiting = [];
    this.#buffered = 0;
    this.#handlers?.closed(code, wasClean);
  }
}
