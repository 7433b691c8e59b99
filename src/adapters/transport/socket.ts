import type { Duplex } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import type { Socket, SocketHandlers } from '../../core/ports/transport.ts';
import { FrameBytes } from './frame-bytes.ts';

/** Told of every fault that is the server's own, never of a client's. */
export type OnError = (error: unknown, context: string) => void;

const ABNORMAL = 1006;
const INTERNAL_ERROR = 1011;

/** What ws closes with after a message that breaks the protocol; everything not named is a 1002. */
const FAULT_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

/** Shared: what one event brings is sent on many sockets. */
const frameBytes = new FrameBytes();

/**
 * Binds a WebSocket that ws has just upgraded to the handlers of the route that accepted it, and opens it. Must run
 * in the turn of the upgrade, before ws reads the first frame.
 */
export function openSocket(
  ws: WebSocket,
  raw: Duplex,
  parts: { handlers: SocketHandlers; onError: OnError },
) {
  const socket = new WsSocket(ws, raw, parts);
  ws.on('message', (data, isBinary) => socket.received(data, isBinary));
  ws.on('error', (error) => socket.faulted(error));
  ws.on('close', (code) => socket.ended(code));
  // Ahead of the listener of ws, which would wait without a limit for a peer that half-closed and reads nothing.
  raw.prependListener('end', () => socket.peerEnded());
  socket.opened();
}

class WsSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #raw: Duplex;
  readonly #handlers: SocketHandlers;
  readonly #onError: OnError;
  /** Calls of `send` that the kernel has not taken whole. */
  #unwritten = 0;
  #owesDrain = false;
  /** The code this side closed with, if it did. */
  #ownCode: number | null = null;
  readonly #written: () => void;

  constructor(
    ws: WebSocket,
    raw: Duplex,
    { handlers, onError }: { handlers: SocketHandlers; onError: OnError },
  ) {
    this.#ws = ws;
    this.#raw = raw;
    this.#handlers = handlers;
    this.#onError = onError;
    this.#written = () => this.#onWritten();
  }

  get bufferedBytes() {
    return this.#raw.writableLength;
  }

  send(frames: readonly (Uint8Array | string)[]) {
    if (!this.#isOpen() || frames.length === 0) return;
    this.#unwritten += 1;
    // Past ws, whose own way is a write of two parts for each frame. It never holds back one of its own: nothing is compressed.
    this.#raw.write(frameBytes.of(frames), this.#written);
    if (this.#raw.writableLength > 0) this.#owesDrain = true;
  }

  close(code: number, reason: string) {
    if (!this.#isOpen()) return;
    this.#ws.close(code, reason);
    this.#ownCode = code;
  }

  terminate() {
    this.#ws.terminate();
  }

  opened() {
    this.#tell(() => this.#handlers.open(this));
  }

  received(data: RawData, isBinary: boolean) {
    if (isBinary) this.#tell(() => this.#handlers.binary());
    else this.#tell(() => this.#handlers.message(data.toString()));
  }

  faulted(error: Error) {
    const fault = 'code' in error ? String(error.code) : '';
    this.#ownCode ??= FAULT_CODES[fault] ?? 1002;
  }

  ended(code: number) {
    const wasClean = code !== ABNORMAL;
    try {
      this.#handlers.closed(wasClean ? code : (this.#ownCode ?? ABNORMAL), wasClean);
    } catch (error) {
      this.#onError(error, 'socket handler');
    }
  }

  /** A peer that ends its side without a close frame has failed the connection (RFC 6455 §7.1.7). */
  peerEnded() {
    if (this.#isOpen()) this.#ws.terminate();
  }

  // The stream's own 'drain' comes only after its high-water mark was passed; this one after any delay.
  #onWritten() {
    this.#unwritten -= 1;
    if (!this.#owesDrain || this.#unwritten > 0) return;
    this.#owesDrain = false;
    this.#tell(() => this.#handlers.drain());
  }

  #tell(handler: () => void) {
    if (!this.#isOpen()) return;
    try {
      handler();
    } catch (error) {
      this.#onError(error, 'socket handler');
      this.close(INTERNAL_ERROR, 'internal_error');
    }
  }

  #isOpen() {
    return this.#ws.readyState === WebSocket.OPEN;
  }
}
