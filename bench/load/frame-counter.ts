/** Counts the WebSocket frames of a server (unmasked, RFC 6455 §5.2) in its bytes, without reading what they say. */
export class FrameCounter {
  #payloadLeft = 0;
  #head: Buffer = Buffer.alloc(0);

  /** Gives how many frames these bytes complete. */
  count(chunk: Buffer): number {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    this.#head = Buffer.alloc(0);
    let frames = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#payloadLeft === 0) {
        const head = headOf(bytes, at);
        if (head === null) {
          this.#head = bytes.subarray(at);
          break;
        }
        at += head.size;
        this.#payloadLeft = head.payload;
      }
      const step = Math.min(this.#payloadLeft, bytes.length - at);
      at += step;
      this.#payloadLeft -= step;
      if (this.#payloadLeft === 0) frames++;
    }
    return frames;
  }
}

/** Sizes of the head and of the payload after it; null where the head is not all there. */
function headOf(bytes: Buffer, at: number): { size: number; payload: number } | null {
  const left = bytes.length - at;
  if (left < 2) return null;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return { size: 2, payload: short };
  if (short === 126) return left < 4 ? null : { size: 4, payload: bytes.readUInt16BE(at + 2) };
  return left < 10 ? null : { size: 10, payload: Number(bytes.readBigUInt64BE(at + 2)) };
}
