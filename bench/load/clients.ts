import { connect, type Socket } from 'node:net';
import { FrameCounter } from './frame-counter.ts';

const CONNECT_AT_A_TIME = 50;
const HEAD_END = '\r\n\r\n';

export type ConnectOptions = {
  readonly port: number;
  /** The same for all, or one for each by its number. */
  readonly target: string | ((number: number) => Promise<string>);
};

/** Many WebSocket clients that only count what they get. By hand, to leave the CPU to the server under test. */
export class Clients {
  readonly #sockets: Socket[] = [];
  /** Frames that all of them together have received, after the greeting of each. */
  received = 0;
  /** Called after every arrival. */
  heard: () => void = () => {};

  get count(): number {
    return this.#sockets.length;
  }

  /** Connects, and waits for the greeting of each. */
  async connect(count: number, { port, target }: ConnectOptions): Promise<void> {
    const targetOf = typeof target === 'string' ? () => target : target;
    for (let left = count; left > 0; left -= CONNECT_AT_A_TIME) {
      const some = Math.min(left, CONNECT_AT_A_TIME);
      const first = this.#sockets.length;
      await Promise.all(
        Array.from({ length: some }, async (_, index) => this.#open(port, await targetOf(first + index))),
      );
    }
    this.received = 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(port: number, target: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const heard = (frames: number): void => {
        this.received += frames;
        if (frames > 0) resolve();
        this.heard();
      };
      openClient({ port, target, heard }).then((socket) => this.#sockets.push(socket), reject);
    });
  }
}

export type ClientOptions = {
  readonly port: number;
  readonly target: string;
  /** Told how many frames each arrival completes. */
  heard(frames: number): void;
};

/** One such client; resolves once its upgrade is accepted. */
export async function openClient({ port, target, heard }: ClientOptions): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(upgradeRequest(target));
  const rest = await upgraded(socket);
  const counter = new FrameCounter();
  socket.on('data', (bytes) => heard(counter.count(bytes)));
  heard(counter.count(rest));
  return socket;
}

/** Waits for the 101; gives the bytes that came behind it. */
function upgraded(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const hear = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf(HEAD_END);
      if (end === -1) return;
      socket.off('data', hear);
      if (answer.toString('latin1', 0, 12) === 'HTTP/1.1 101')
        resolve(answer.subarray(end + HEAD_END.length));
      else reject(new Error(`wanted a 101, got: ${answer.toString('utf8', 0, 400)}`));
    };
    socket.on('data', hear);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed a client')));
  });
}

const upgradeRequest = (target: string): string =>
  [
    `GET ${target} HTTP/1.1`,
    'host: 127.0.0.1',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==',
    '',
    '',
  ].join('\r\n');
