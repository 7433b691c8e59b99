import { onTestFinished } from 'vitest';
import { type Connection, type ConnectOptions, connect, type StateChange } from '../../src/client/index.ts';
import { type FakeWebSocket, fakeWebSockets } from './fake-web-socket.ts';
import { ManualClock } from './manual-clock.ts';

/** A connection of the client library to a server that the test plays, in a time that the test moves. */
export class ClientRig {
  readonly clock = new ManualClock();
  readonly connection: Connection;
  readonly states: StateChange[] = [];
  readonly sockets: readonly FakeWebSocket[];

  /** Chance is always one half unless told otherwise, and nobody asks by fetch. */
  constructor(options: Partial<ConnectOptions> = {}) {
    const { WebSocket, sockets } = fakeWebSockets();
    this.sockets = sockets;
    this.connection = connect({
      url: 'wss://example.com',
      ...(options.getToken === undefined ? { token: 'to.ke.n' } : {}),
      WebSocket,
      fetch: null,
      clock: this.clock,
      random: () => 0.5,
      ...options,
    });
    this.connection.on('state', (change) => this.states.push(change));
    onTestFinished(() => this.connection.close());
  }

  /** The socket opened last. */
  get socket(): FakeWebSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('no socket was opened');
    return last;
  }

  /** Lets the client open its first socket. */
  async begin(): Promise<FakeWebSocket> {
    await this.clock.advance(0);
    return this.socket;
  }

  /** A connection that is live at a place. */
  async live(at = 0): Promise<FakeWebSocket> {
    const socket = await this.begin();
    socket.greetLive(at);
    return socket;
  }
}
