import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Place } from './fault-audit.ts';
import { Hearing } from './fault-hearing.ts';
import type { Account } from './fault-ledger.ts';

/** Between two attempts to connect, in ms. */
const BACKOFF_MS = 60;

export type ReturningClientOptions = {
  /** `ws://…` of the servers; it begins with the first, and goes on to the next whenever it loses or is refused one. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly account: Account;
  readonly random: () => number;
};

/** A dashboard that comes back with its position whenever it loses its connection, and answers every PING. */
export class ReturningClient {
  /** How often it was let in. */
  connects = 0;
  readonly refusals: number[] = [];
  readonly #options: ReturningClientOptions;
  readonly #hearing: Hearing;
  #socket: WebSocket | null = null;
  #isAway = true;
  #server = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReturningClientOptions) {
    this.#options = options;
    this.#hearing = new Hearing(options.account);
  }

  get account(): Account {
    return this.#options.account;
  }

  /** Where it goes on; null before it has heard of its stream. */
  get position(): Place | null {
    return this.#hearing.position;
  }

  /** PINGs that it answered. */
  get pings(): number {
    return this.#hearing.pings;
  }

  /** REPLAY_STARTs that it did not ask for by connecting. */
  get resyncs(): number {
    return this.#hearing.resyncs;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects, and from now on comes back whenever it is cut off. */
  start(): this {
    this.#isAway = false;
    this.#running = this.#run();
    return this;
  }

  /** Leaves, keeping its position; `start` brings it back. */
  async leave(): Promise<void> {
    this.#isAway = true;
    this.#socket?.terminate();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isAway) {
      await this.#stay();
      this.#server++;
      if (!this.#isAway) await pause(BACKOFF_MS * (0.5 + this.#options.random()));
    }
  }

  /** One connection, from the upgrade to its end. */
  #stay(): Promise<void> {
    const socket = new WebSocket(this.#url(), { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('open', () => this.connects++);
    socket.on('message', (data) => this.#hearing.hear(data.toString(), socket));
    socket.on('error', () => {});
    return new Promise((resolve) => {
      socket.on('close', () => resolve());
      socket.on('unexpected-response', (_request, response: IncomingMessage) => {
        this.refusals.push(response.statusCode ?? 0);
        response.resume();
        resolve();
      });
    });
  }

  #url(): string {
    const { urls, token } = this.#options;
    const query = new URLSearchParams({ token, ...this.#hearing.query });
    return `${urls[this.#server % urls.length]}/ws/agents?${query}`;
  }
}
