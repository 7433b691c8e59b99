import { Buffer } from 'node:buffer';

type Frame = Uint8Array | string;

/** A final frame of text (RFC 6455 §5.2); what a server sends is not masked. */
const TEXT_FRAME = 0x81;
/** In place of the length: that it follows in two bytes, or in eight. */
const IN_TWO = 126;
const IN_EIGHT = 127;

/**
 * Turns payloads into WebSocket frames, all of one call in one piece, so that they are one plain write. What one turn
 * brings to many sockets they are given one after another: so the piece made last often serves again.
 */
export class FrameBytes {
  #last: readonly Frame[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  of(frames: readonly Frame[]): Buffer {
    if (!isSame(frames, this.#last)) {
      this.#bytes = joined(frames);
      this.#last = frames;
    }
    return this.#bytes;
  }
}

const isSame = (some: readonly Frame[], others: readonly Frame[]): boolean =>
  some.length === others.length && some.every((frame, index) => frame === others[index]);

function joined(frames: readonly Frame[]): Buffer {
  let size = 0;
  for (const frame of frames) size += headSize(bytesIn(frame)) + bytesIn(frame);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const frame of frames) {
    at = writeHead(bytes, at, bytesIn(frame));
    if (typeof frame === 'string') at += bytes.write(frame, at);
    else {
      bytes.set(frame, at);
      at += frame.length;
    }
  }
  return bytes;
}

const bytesIn = (frame: Frame): number =>
  typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length;

const headSize = (payload: number): number => (payload < IN_TWO ? 2 : payload < 0x10000 ? 4 : 10);

function writeHead(bytes: Buffer, at: number, payload: number): number {
  bytes[at] = TEXT_FRAME;
  if (payload < IN_TWO) return bytes.writeUInt8(payload, at + 1);
  if (payload < 0x10000) {
    bytes[at + 1] = IN_TWO;
    return bytes.writeUInt16BE(payload, at + 2);
  }
  bytes[at + 1] = IN_EIGHT;
  return bytes.writeBigUInt64BE(BigInt(payload), at + 2);
}
