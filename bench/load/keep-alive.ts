import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const CLOSED = 'the server closed a keep-alive connection';

/**
 * One keep-alive HTTP/1.1 connection, a request at a time. By hand, because the generator shares the machine with the
 * server: Node's own client costs more than many a server does.
 */
export class KeepAlive {
  readonly #socket: Socket;
  #answer = '';
  #settle: { resolve: (answer: string) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#hear(text));
    socket.on('close', () => this.#settle?.reject(new Error(CLOSED)));
    socket.on('error', (error) => this.#settle?.reject(error));
  }

  static async open(port: number): Promise<KeepAlive> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new KeepAlive(socket);
  }

  /** Sends a whole request; rejects where the answer is not a 202. */
  async send(request: string): Promise<void> {
    if (this.#socket.destroyed) throw new Error(CLOSED);
    const answered = new Promise<string>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#socket.write(request, 'latin1');
    const answer = await answered;
    if (!answer.startsWith('HTTP/1.1 202')) throw new Error(`wanted a 202, got: ${answer.slice(0, 400)}`);
  }

  close(): void {
    this.#settle = null;
    this.#socket.destroy();
  }

  #hear(text: string): void {
    this.#answer += text;
    if (!isWhole(this.#answer)) return;
    const answer = this.#answer;
    this.#answer = '';
    this.#settle?.resolve(answer);
  }
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, headEnd))?.[1];
  if (length === undefined) return answer.endsWith(LAST_CHUNK);
  return answer.length >= headEnd + HEAD_END.length + Number(length);
}
