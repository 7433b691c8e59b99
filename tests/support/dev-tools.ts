import type { WebSocket } from 'ws';

type Fields = Readonly<Record<string, unknown>>;
type Answer = {
  readonly id: number;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
};
type Happening = { readonly method: string; readonly params: Fields; readonly sessionId?: string };
type Pending = { readonly resolve: (result: Fields) => void; readonly reject: (error: Error) => void };

/** The DevTools protocol of a browser, over one socket for all of its tabs. */
export class DevTools {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(happening: Happening) => void>();
  #sent = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(JSON.parse(data.toString()) as Answer | Happening));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the browser has gone'));
    });
  }

  /** Sends a command; rejects with what the browser says where it does not do it. */
  send(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new Error(`${method}: ${error.message}`));
      this.#pending.set(id, { resolve, reject: fail });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  listen(sessionId: string, heard: (method: string, params: Fields) => void): void {
    this.#listeners.add((happening) => {
      if (happening.sessionId === sessionId) heard(happening.method, happening.params);
    });
  }

  #hear(message: Answer | Happening): void {
    if ('method' in message) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error === undefined) pending?.resolve(message.result ?? {});
    else pending?.reject(new Error(message.error.message));
  }
}
