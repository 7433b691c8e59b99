import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Dialect, Heard, Place } from '../load/dialects.ts';

const COME_AGAIN_MS = 500;

/** A client that keeps account of the tasks that it was told of, and comes back to where it was. */
export class ReturningClient {
  readonly userId: string;
  /** How often it was told of each task. */
  readonly tasks = new Map<number, number>();
  /** Whether it was told that it will not get all that it missed. */
  knowsOfLoss = false;
  /** How often it was let in as one who was here before. */
  resumptions = 0;
  /** Called after every frame. */
  heard: () => void = () => {};
  #place: Place | null = null;
  #socket: WebSocket | null = null;
  readonly #dialect: Dialect;

  constructor(userId: string, dialect: Dialect) {
    this.userId = userId;
    this.#dialect = dialect;
  }

  /** Connects until it is let in: who is told that the server has no time now comes again. */
  async enter(port: number): Promise<void> {
    for (;;) {
      const { target, hello } = await this.#dialect.entry(this.userId, this.#place ?? undefined);
      const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, { perMessageDeflate: false });
      this.#socket = socket;
      try {
        await this.#letIn(socket, hello);
        return;
      } catch {
        await pause(COME_AGAIN_MS);
      }
    }
  }

  /** Its link is cut, without a goodbye. */
  async lose(): Promise<void> {
    if (this.#socket === null || this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.terminate();
    await once(this.#socket, 'close');
  }

  /** Resolves as soon as it was told of so many tasks, or knows that it will not be; after the deadline in any case. */
  async until(tasks: number, deadline: number): Promise<void> {
    if (this.tasks.size >= tasks || this.knowsOfLoss) return;
    const timeout = new AbortController();
    const told = new Promise<void>((resolve) => {
      this.heard = () => {
        if (this.tasks.size >= tasks || this.knowsOfLoss) resolve();
      };
    });
    const late = pause(Math.max(0, deadline - performance.now()), undefined, { signal: timeout.signal });
    await Promise.race([told, late.catch(() => {})]);
    timeout.abort();
  }

  #letIn(socket: WebSocket, hello: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (hello !== undefined) socket.once('message', () => socket.send(hello));
      socket.on('message', (frame) => {
        const heard = this.#dialect.hear(frame.toString());
        this.#note(heard);
        if (heard.kind === 'let-in') resolve();
        this.heard();
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a client')));
    });
  }

  #note(heard: Heard): void {
    if (heard.kind === 'loss') this.knowsOfLoss = true;
    if (heard.kind === 'event') {
      this.tasks.set(heard.task, (this.tasks.get(heard.task) ?? 0) + 1);
      if (this.#place !== null) this.#place = { ...this.#place, last: heard.last };
    }
    if (heard.kind !== 'let-in') return;
    if (this.#place === null) this.#place = heard.place;
    else if (this.#place.life === heard.place.life) this.resumptions++;
    else this.knowsOfLoss = true;
  }
}
