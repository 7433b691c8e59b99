import { connect, type Socket } from 'node:net';
import { FrameCounter } from './frame-counter.ts';
import { textFrame } from './text-frame.ts';

const CONNECT_AT_A_TIME = 50;
const HEAD_END = '\r\n\r\n';

export type ConnectOptions = {
  readonly port: number;
  /** The same for all, or one for each by its number. */
  readonly entry: Entry | ((number: number) => Promise<Entry>);
};

/** How a client gets in. */
export type Entry = {
  readonly target: string;
  /** What it says once it has heard a frame; absent: the server greets unasked. */
  readonly hello?: string;
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
  async connect(count: number, { port, entry }: ConnectOptions): Promise<void> {
    const entryOf = typeof entry === 'function' ? entry : () => entry;
    for (let left = count; left > 0; left -= CONNECT_AT_A_TIME) {
      const some = Math.min(left, CONNECT_AT_A_TIME);
      const first = this.#sockets.length;
      await Promise.all(
        Array.from({ length: some }, async (_, index) => this.#open(port, await entryOf(first + index))),
      );
    }
    this.received = 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(port: number, entry: Entry): Promise<void> {
    const heard = (frames: number): void => {
      this.received += frames;
      this.heard();
    };
    this.#sockets.push(await enter({ ...entry, port, heard }));
  }
}

export type ClientOptions = {
  readonly port: number;
  readonly target: string;
  /** Told how many frames each arrival completes. */
  heard(frames: number): void;
};

/** One such client; resolves once it is greeted, by the first frame after its hello. */
export async function enter({ hello, heard, ...client }: ClientOptions & Entry): Promise<Socket> {
  let frames = 0;
  let look = (): void => {};
  const hear = (more: number): void => {
    frames += more;
    heard(more);
    look();
  };
  const socket = await openClient({ ...client, heard: hear });
  const untilFrame = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      look = () => {
        if (frames >= count) resolve();
      };
      socket.once('close', () => reject(new Error('the server closed a client')));
      look();
    });
  await untilFrame(1);
  if (hello !== undefined) {
    socket.write(textFrame(hello));
    await untilFrame(2);
  }
  look = () => {};
  return socket;
}

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
