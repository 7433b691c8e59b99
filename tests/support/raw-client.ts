import { connect, type Socket } from 'node:net';

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Frame = { opcode: number; payload: Buffer };

/** A TCP client that says exactly what a test wants to say, be it HTTP or WebSocket or neither. */
export class RawClient {
  readonly socket: Socket;
  /** Settles when the server has ended its side, or cut the connection. */
  readonly over: Promise<void>;
  /** Bytes that came with each read. */
  readonly reads: number[] = [];
  #buffer = Buffer.alloc(4096);
  #length = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#append(chunk));
    socket.on('error', () => {});
    this.over = new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }

  /** With `halfOpen` the client does not end its side by itself when the server ends its own. */
  static async connect(url: string, { halfOpen = false } = {}): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: halfOpen });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Sends the head of a request, as an upgrade where `upgrade` is set. */
  request(
    line: string,
    { headers = [], upgrade = false }: { headers?: string[]; upgrade?: boolean } = {},
  ): void {
    const all = ['Host: test', ...(upgrade ? HANDSHAKE : []), ...headers];
    this.write(`${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`);
  }

  /** All that came so far. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  text(): string {
    return this.bytes().toString('latin1');
  }

  /** Waits until what came in contains `part`. */
  async until(part: string): Promise<string> {
    while (!this.text().includes(part)) await this.#more(part);
    return this.text();
  }

  /** Waits for a frame that `accepts` takes. */
  async frame(accepts: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = framesIn(this.bytes()).find(accepts);
      if (found !== undefined) return found;
      await this.#more('a frame');
    }
  }

  /** Waits for the server's close frame; gives its code. */
  async closeCode(): Promise<number> {
    const { payload } = await this.frame(({ opcode }) => opcode === OPCODE.close);
    return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
  }

  /** Waits for all the server has to say. */
  async rest(): Promise<string> {
    await this.over;
    return this.text();
  }

  async #more(what: string): Promise<void> {
    const known = this.#length;
    const data = new Promise<void>((resolve) => this.socket.once('data', () => resolve()));
    await Promise.race([data, this.over]);
    if (this.#length === known) throw new Error(`the server closed before ${what}; it sent: ${this.text()}`);
  }

  #append(chunk: Buffer) {
    this.reads.push(chunk.length);
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.alloc(2 * length);
      this.bytes().copy(grown);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }
}

/** A client frame (RFC 6455 §5.2), masked with zeros unless told otherwise. */
export function frame(
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, masked = true, rsv = 0 } = {},
): Buffer {
  const body = Buffer.from(payload);
  const short = body.length < 126;
  const head = Buffer.alloc(short ? 2 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (short ? body.length : 127);
  if (!short) head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), body]);
}

/** The payload of a close frame. */
export function closing(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}

/** The complete server frames behind an HTTP answer. */
export function framesIn(bytes: Buffer): Frame[] {
  const found: Frame[] = [];
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= bytes.length) {
    const { start, length } = payloadAt(bytes, at);
    if (start + length > bytes.length) break;
    found.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function payloadAt(bytes: Buffer, at: number): { start: number; length: number } {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return { start: at + 2, length: short };
  const size = short === 126 ? 2 : 8;
  if (at + 2 + size > bytes.length) return { start: at + 2 + size, length: Number.POSITIVE_INFINITY };
  const length = size === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return { start: at + 2 + size, length };
}
