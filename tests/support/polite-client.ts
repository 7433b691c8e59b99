import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Hearing } from './fault-hearing.ts';
import type { Account } from './fault-ledger.ts';

/** Full jitter: a random time up to this, doubled with every failure in a row, up to the longest. */
const BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 4_000;

export type PoliteClientOptions = {
  /** `ws://host:port` */
  readonly url: string;
  readonly token: string;
  readonly account: Account;
  readonly random: () => number;
  /** The loopback address that it comes from. */
  readonly localAddress: string;
  /** What it makes of a hint: leaves at once and is away for so long, or stays for so long and comes back at once. */
  readonly leaves: 'at once' | 'in time';
};

/** How long to stay away, in ms, or why not to come back. */
type Next = number | { readonly never: string };

/** A dashboard that does what the protocol asks of it: hints, close codes, refusals, and its position when it returns. */
export class PoliteClient {
  readonly account: Account;
  /** When it was let in, each time, by `performance.now`. */
  readonly arrivals: number[] = [];
  /** What drains asked of it: how long to stay away, in ms. */
  readonly hints: number[] = [];
  /** How connections ended that it did not leave by itself. */
  readonly cuts: number[] = [];
  /** Statuses of refusals; 0 where nobody answered. */
  readonly refusals: number[] = [];
  /** Why it does not come back any more; null while it does. */
  gaveUp: string | null = null;
  /** Of the instance that it was let in by last. */
  instanceId = '';
  readonly #options: PoliteClientOptions;
  readonly #hearing: Hearing;
  readonly #leaving = new AbortController();
  #socket: WebSocket | null = null;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PoliteClientOptions) {
    this.#options = options;
    this.account = options.account;
    this.#hearing = new Hearing(options.account);
  }

  /** Whether it is connected, and has what it missed. */
  get isBack(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && this.#hearing.position !== null;
  }

  /** What became of it so far, for the message of a failing test. */
  get story(): string {
    const { arrivals, cuts, refusals, gaveUp, instanceId } = this;
    return JSON.stringify({ client: this.account.client, instanceId, arrivals, cuts, refusals, gaveUp });
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    this.#socket?.terminate();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const next = await this.#stay();
      if (signal.aborted) return;
      if (typeof next === 'object') {
        this.gaveUp = next.never;
        return;
      }
      await pause(next, null, { signal }).catch(() => {});
    }
  }

  /** One connection, from the upgrade to its end. */
  #stay(): Promise<Next> {
    const { url, token, localAddress } = this.#options;
    const query = new URLSearchParams({ token, ...this.#hearing.query });
    const socket = new WebSocket(`${url}/ws/agents?${query}`, { perMessageDeflate: false, localAddress });
    this.#socket = socket;
    let hinted: number | null = null;
    socket.on('open', () => this.arrivals.push(performance.now()));
    socket.on('message', (data) => {
      const { type, payload } = this.#hearing.hear(data.toString(), socket);
      if (type === 'CONNECTED') this.#connected(String(payload.instance_id));
      if (type === 'SERVER_DRAINING') hinted = this.#leaveFor(Number(payload.reconnect_after_ms), socket);
    });
    return new Promise((resolve) => {
      // Where nobody answers, a close follows, with 1006.
      socket.on('error', () => {});
      socket.on('close', (code) => resolve(hinted ?? this.#cut(code)));
      socket.on('unexpected-response', (_request, response) => resolve(this.#refused(response)));
    });
  }

  #connected(instanceId: string): void {
    this.instanceId = instanceId;
    this.#failures = 0;
  }

  /** Gives how long to stay away from when it has left. */
  #leaveFor(hintMs: number, socket: WebSocket): number {
    this.hints.push(hintMs);
    if (this.#options.leaves === 'at once') {
      socket.close(1000);
      return hintMs;
    }
    setTimeout(() => socket.close(1000), hintMs);
    return 0;
  }

  #cut(code: number): Next {
    this.cuts.push(code);
    if (code === 1000 || code === 1009 || (code >= 4000 && code < 4100)) return { never: `closed: ${code}` };
    return code >= 4200 && code < 4300 ? 0 : this.#backoff();
  }

  #refused(response: IncomingMessage): Next {
    const { statusCode = 0, headers } = response;
    response.on('error', () => {}).resume();
    this.refusals.push(statusCode);
    if (statusCode !== 429 && statusCode < 500) return { never: `refused: ${statusCode}` };
    return Number(headers['retry-after'] ?? 0) * 1_000 + this.#backoff();
  }

  #backoff(): number {
    const most = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** this.#failures++);
    return most * this.#options.random();
  }
}
