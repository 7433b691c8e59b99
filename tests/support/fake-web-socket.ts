import type { SocketConstructor, SocketEvent, SocketLike } from '../../src/client/socket.ts';

type Listener = (event: SocketEvent) => void;

/** The server's end of a WebSocket that a client library opened, and of which every event is a test's to give. */
export class FakeWebSocket implements SocketLike {
  readyState = 0;
  readonly url: URL;
  readonly protocols: readonly string[];
  /** What the client said, parsed. */
  readonly said: { type: string; payload: Record<string, unknown> }[] = [];
  /** The code that the client closed with; null while it has not. */
  closedWith: number | null = null;
  readonly #listeners: { type: string; listener: Listener }[] = [];

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.push({ type, listener });
  }

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  /** The server answers no goodbye by itself: `over` does. */
  close(code = 1005): void {
    this.closedWith = code;
    this.readyState = 2;
  }

  /** The upgrade is accepted, and the server greets. */
  greet(connected: Record<string, unknown> = {}): void {
    this.readyState = 1;
    this.#emit({ type: 'open' });
    this.say('CONNECTED', {
      connection_id: 'c-1',
      instance_id: 'i-1',
      user_id: 'u-1',
      epoch: 'A',
      sequence_id: 0,
      heartbeat_interval_ms: 30_000,
      heartbeat_timeout_ms: 10_000,
      replay_window_ms: 300_000,
      filters: { agent_ids: null, project_ids: null, event_types: null },
      ...connected,
    });
  }

  /** The same, and a replay that brings nothing. */
  greetLive(at = 0, reason = 'connected'): void {
    this.greet();
    this.replay(at, at, reason);
  }

  replay(after: number, end: number, reason = 'connected'): void {
    const start = { reason, epoch: 'A', after_sequence_id: after, complete: true, missing: null };
    this.say('REPLAY_START', start);
    this.say('REPLAY_END', { sequence_id: end, delivered: 0 });
  }

  say(type: string, payload: Record<string, unknown> = {}, sequenceId?: number): void {
    const timestamp = '2026-01-08T12:00:00.000Z';
    this.#emit({
      type: 'message',
      data: JSON.stringify({ type, timestamp, sequence_id: sequenceId, payload }),
    });
  }

  event(sequenceId: number): void {
    this.say('NOTE', { agent_id: 'a-1', n: sequenceId }, sequenceId);
  }

  /** It is closed; before `greet`, the upgrade was refused. */
  over(code = 1006, reason = ''): void {
    this.readyState = 3;
    if (code === 1006) this.#emit({ type: 'error' });
    this.#emit({ type: 'close', code, reason });
  }

  #emit(event: SocketEvent): void {
    for (const { type, listener } of this.#listeners) if (type === event.type) listener(event);
  }
}

/** A constructor for a client library, and what it made, oldest first. */
export function fakeWebSockets(): {
  readonly WebSocket: SocketConstructor;
  readonly sockets: FakeWebSocket[];
} {
  const sockets: FakeWebSocket[] = [];
  class Recorded extends FakeWebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  return { WebSocket: Recorded, sockets };
}
