import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Message } from './message-text.ts';
import { readMessage } from './message-text.ts';
import { problemText } from './problem-text.ts';
import type { Ending } from './reconnection.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long a closing handshake may take. */
const FAREWELL_MS = 1_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** More of a refusal than any that a server of ours gives. */
const MAX_REFUSAL_CHARACTERS = 64 * 1024;

/** One connection from its handshake to its end. */
export class Reading {
  readonly ended: Promise<Ending>;
  readonly #socket: WebSocket;
  readonly #heard: (message: Message) => object | null;
  #leaveAt: number | null = null;
  #leaving: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #longestSilenceMs: number | null = null;

  /**
   * @param heard told of every message; what it gives is sent back
   * @param headers of the handshake; a token in them stands in no proxy's log
   */
  constructor(
    address: string,
    heard: (message: Message) => object | null,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#heard = heard;
    this.#socket = new WebSocket(address, {
      headers,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    this.#socket.on('message', (data, isBinary) => {
      if (!isBinary) this.#hear(data.toString());
    });
    this.ended = this.#end().finally(() => {
      clearTimeout(this.#leaving);
      clearTimeout(this.#silence);
    });
  }

  /** Closes, and cuts where the server takes no notice. */
  leave(): void {
    this.#socket.close(1000);
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#socket.terminate(), FAREWELL_MS);
  }

  #end(): Promise<Ending> {
    let isOpen = false;
    return new Promise((resolve) => {
      this.#socket.on('open', () => {
        isOpen = true;
      });
      this.#socket.on('unexpected-response', (_request, response) => {
        void refusalOf(response).then(resolve);
      });
      this.#socket.on('error', (error) => {
        // Of an open one, the close that follows says more.
        if (!isOpen) resolve({ kind: 'unreachable', reason: error.message });
      });
      this.#socket.on('close', (code, reason) => {
        const hintMs = this.#leaveAt === null ? null : Math.max(0, this.#leaveAt - performance.now());
        resolve({ kind: 'closed', code, reason: reason.toString(), hintMs });
      });
    });
  }

  #hear(text: string): void {
    const message = readMessage(text);
    if (message.type === 'CONNECTED') {
      const { heartbeat_interval_ms, heartbeat_timeout_ms } = message.payload;
      this.#longestSilenceMs = Number(heartbeat_interval_ms) + Number(heartbeat_timeout_ms);
    }
    if (message.type === 'SERVER_DRAINING') this.#leaveIn(Number(message.payload.reconnect_after_ms));
    const answer = this.#heard(message);
    if (answer !== null) this.#socket.send(JSON.stringify(answer));
    this.#expectMore();
  }

  #leaveIn(ms: number): void {
    this.#leaveAt = performance.now() + ms;
    this.#leaving = setTimeout(() => this.leave(), ms);
  }

  /** A cut that nobody announces is only noticed by the PING that does not come. */
  #expectMore(): void {
    clearTimeout(this.#silence);
    if (this.#longestSilenceMs === null) return;
    this.#silence = setTimeout(() => this.#socket.terminate(), this.#longestSilenceMs);
  }
}

/** The refusal's own words, which a browser would hide and a plain GET would get. */
async function refusalOf(response: IncomingMessage): Promise<Ending> {
  const status = response.statusCode ?? 0;
  const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN);
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk;
      if (body.length > MAX_REFUSAL_CHARACTERS) break;
    }
  } catch {
    // What came before the cut has to do.
  }
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : null;
  return { kind: 'refused', status, detail: problemText(status, body), retryAfterMs };
}
