import type { SocketConstructor, SocketEvent, SocketLike } from '../client/index.ts';

type Listener = (event: SocketEvent) => void;

const CLOSED = 3;
const CUT: SocketEvent = { type: 'close', code: 1006, reason: '' };

/** A link to the server that can be cut as a network would: nothing comes or goes, and nobody says goodbye. */
export type LinkSwitch = {
  /** For the client library, in place of the browser's own. */
  readonly Socket: SocketConstructor;
  readonly fetch: typeof globalThis.fetch;
  cut(): void;
  restore(): void;
};

export function createLinkSwitch(): LinkSwitch {
  let isCut = false;
  const sockets = new Set<CuttableSocket>();

  class CuttableSocket implements SocketLike {
    readonly #listeners: { readonly type: string; readonly listener: Listener }[] = [];
    readonly #socket: WebSocket | null;
    #isOver = false;

    constructor(url: string, protocols: string[]) {
      this.#socket = isCut ? null : new WebSocket(url, protocols);
      sockets.add(this);
      for (const type of ['open', 'message', 'error'])
        this.#socket?.addEventListener(type, (event) => this.#tell(event));
      this.#socket?.addEventListener('close', (event) => this.#end(event));
      if (this.#socket === null) setTimeout(() => this.#end(CUT));
    }

    get readyState(): number {
      return this.#isOver ? CLOSED : (this.#socket?.readyState ?? 0);
    }

    addEventListener(type: string, listener: Listener): void {
      this.#listeners.push({ type, listener });
    }

    send(text: string): void {
      if (!this.#isOver) this.#socket?.send(text);
    }

    close(code?: number, reason?: string): void {
      this.#socket?.close(code, reason);
    }

    cut(): void {
      this.#end(CUT);
      this.#socket?.close();
    }

    #end(event: SocketEvent): void {
      this.#tell(event);
      this.#isOver = true;
      sockets.delete(this);
    }

    #tell(event: SocketEvent): void {
      if (this.#isOver) return;
      for (const { type, listener } of this.#listeners) if (type === event.type) listener(event);
    }
  }

  return {
    Socket: CuttableSocket,
    fetch: (...request) =>
      isCut ? Promise.reject(new TypeError('the link is cut')) : globalThis.fetch(...request),
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.cut();
    },
    restore: () => {
      isCut = false;
    },
  };
}
