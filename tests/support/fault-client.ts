import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Place } from './fault-audit.ts';
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

type Frame = { type: string; sequence_id?: number; payload: Record<string, unknown> };

/** A dashboard that comes back with its position whenever it loses its connection, and answers every PING. */
export class ReturningClient {
  readonly account: Account;
  /** How often it was let in. */
  connects = 0;
  /** PINGs that it answered. */
  pings = 0;
  /** REPLAY_STARTs that it did not ask for by connecting. */
  resyncs = 0;
  readonly refusals: number[] = [];
  readonly #options: ReturningClientOptions;
  #position: Place | null = null;
  #epoch = '';
  #socket: WebSocket | null = null;
  #isAway = true;
  #server = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReturningClientOptions) {
    this.#options = options;
    this.account = options.account;
  }

  /** Where it goes on: the last place up to which it has everything; null before it has heard of its stream. */
  get position(): Place | null {
    return this.#position;
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
    socket.on('message', (data) => this.#hear(JSON.parse(data.toString()) as Frame, socket));
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
    const query = new URLSearchParams({ token });
    if (this.#position !== null) {
      query.set('last_sequence_id', String(this.#position.sequenceId));
      query.set('epoch', this.#position.epoch);
    }
    return `${urls[this.#server % urls.length]}/ws/agents?${query}`;
  }

  #hear({ type, sequence_id, payload }: Frame, socket: WebSocket): void {
    if (type === 'PING') {
      this.pings++;
      socket.send(JSON.stringify({ type: 'PONG', payload: {} }));
    } else if (type === 'REPLAY_START') this.#hearReplay(payload);
    else if (type === 'REPLAY_END') {
      const sequenceId = Number(payload.sequence_id);
      this.account.entries.push({ kind: 'replay_end', sequenceId });
      this.#reach(sequenceId);
    } else if (sequence_id !== undefined) {
      this.account.entries.push({ kind: 'event', mark: Number(payload.n), sequenceId: sequence_id });
      this.#reach(sequence_id);
    }
  }

  #hearReplay(payload: Record<string, unknown>): void {
    const missing = payload.missing as { from_sequence_id: number; to_sequence_id: number } | null;
    const after = Number(payload.after_sequence_id);
    if (payload.reason === 'resync') this.resyncs++;
    this.#epoch = String(payload.epoch);
    this.account.entries.push({
      kind: 'replay_start',
      epoch: this.#epoch,
      after,
      missing: missing && { from: missing.from_sequence_id, to: missing.to_sequence_id },
    });
    this.#reach(after);
  }

  #reach(sequenceId: number): void {
    this.#position = { epoch: this.#epoch, sequenceId };
  }
}
