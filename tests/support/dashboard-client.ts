import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import type { Answer } from './http-answer.ts';
import { answerOf } from './http-answer.ts';

/** Longest that a test waits for a frame or a close; only a failing one does. */
const WAIT_MS = 10_000;

/** A message of the server, parsed. */
export type ServerFrame = {
  readonly type: string;
  readonly timestamp: string;
  readonly sequence_id?: number;
  readonly payload: Readonly<Record<string, unknown>>;
};

export type Closed = { readonly code: number; readonly reason: string };

export type DashboardOptions = {
  headers?: Record<string, string>;
  /** Subprotocols to offer. */
  protocols?: string[];
  /** False leaves PINGs unanswered. */
  answersPings?: boolean;
};

/** The upgrade was refused: a test that wanted a connection fails with the reason. */
export class UpgradeRefused extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`the upgrade was refused with ${answer.status}: ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

/** A dashboard on a plain WebSocket. Keeps every frame, and answers PINGs unless told otherwise. */
export class DashboardClient {
  /** Everything that came, in order. */
  readonly frames: ServerFrame[] = [];
  readonly #ws: WebSocket;
  readonly #looks = new Set<() => void>();
  #read = 0;
  #closed: Closed | null = null;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
  }

  /** @throws UpgradeRefused */
  static async connect(url: string, options: DashboardOptions = {}): Promise<DashboardClient> {
    const ws = openSocket(url, options);
    const client = new DashboardClient(ws);
    client.#listen(options.answersPings ?? true);
    await opened(ws);
    return client;
  }

  /** Events alone: persisted ones, and progress. */
  get events(): ServerFrame[] {
    return this.frames.filter(
      ({ type, sequence_id }) => sequence_id !== undefined || type === 'PROGRESS_UPDATE',
    );
  }

  /** The subprotocol that the server chose; empty where it chose none. */
  get protocol(): string {
    return this.#ws.protocol;
  }

  /** The next frame of a type, after the one that was last waited for. */
  next(type: string): Promise<ServerFrame> {
    return this.until((frame) => frame.type === type, `a ${type}`);
  }

  /** The next frame that `accepts` takes, after the one that was last waited for. */
  until(accepts: (frame: ServerFrame) => boolean, what = `a frame with ${accepts}`): Promise<ServerFrame> {
    return this.#wait(what, () => {
      const index = this.frames.findIndex((frame, place) => place >= this.#read && accepts(frame));
      if (index === -1) return null;
      this.#read = index + 1;
      return this.frames[index] ?? null;
    });
  }

  /** Waits for the end of the connection, whoever ended it. */
  closed(): Promise<Closed> {
    return this.#wait('the close', () => this.#closed);
  }

  send(type: string, payload?: Record<string, unknown>): void {
    this.sendRaw(JSON.stringify({ type, payload }));
  }

  sendRaw(data: string | Uint8Array): void {
    this.#ws.send(data);
  }

  /** Says goodbye, and waits until the server has too. */
  async close(): Promise<Closed> {
    this.#ws.close(1000);
    return await this.closed();
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#ws.terminate();
  }

  #listen(answersPings: boolean): void {
    this.#ws.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the server sent a binary frame, wanted text');
      const frame = JSON.parse(data.toString()) as ServerFrame;
      this.frames.push(frame);
      if (frame.type === 'PING' && answersPings) this.send('PONG', {});
      this.#look();
    });
    this.#ws.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
      this.#look();
    });
    this.#ws.on('error', () => {});
  }

  #look(): void {
    for (const look of this.#looks) look();
  }

  #wait<Found>(what: string, find: () => Found | null): Promise<Found> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        finish();
      };
      const look = () => {
        const found = find();
        if (found !== null) settle(() => resolve(found));
        else if (this.#closed !== null) settle(() => reject(this.#failure(what, 'the connection ended')));
      };
      const late = `${WAIT_MS} ms passed`;
      const timer = setTimeout(() => settle(() => reject(this.#failure(what, late))), WAIT_MS);
      this.#looks.add(look);
      look();
    });
  }

  #failure(what: string, why: string): Error {
    const came = this.frames.slice(-40).map((frame, index, shown) => {
      const place = this.frames.length - shown.length + index;
      return `${place < this.#read ? ' ' : '>'} ${JSON.stringify(frame).slice(0, 300)}`;
    });
    const end = this.#closed === null ? '' : `\nclosed with ${this.#closed.code} ${this.#closed.reason}`;
    return new Error(
      `wanted ${what}, but ${why}; ${this.frames.length} frames came (> unread):\n${came.join('\n')}${end}`,
    );
  }
}

/** Asks for an upgrade that is to be refused. Fails where it is accepted. */
export async function refusedUpgrade(url: string, options: DashboardOptions = {}): Promise<Answer> {
  try {
    (await DashboardClient.connect(url, options)).cut();
  } catch (error) {
    if (error instanceof UpgradeRefused) return error.answer;
    throw error;
  }
  throw new Error(`the upgrade was accepted, wanted a refusal: ${url}`);
}

function openSocket(url: string, { headers, protocols = [] }: DashboardOptions): WebSocket {
  const options: ClientOptions = { headers, perMessageDeflate: false };
  return new WebSocket(url, protocols, options);
}

function opened(ws: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
    ws.once('unexpected-response', (_request, response: IncomingMessage) => {
      answerOf(response).then((answer) => reject(new UpgradeRefused(answer)), reject);
    });
  });
}
