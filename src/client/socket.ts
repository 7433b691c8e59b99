/** What every event of a socket has in common, in browsers, Deno and `ws`. */
export type SocketEvent = {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  /** Of an error: what a runtime that is no browser tells of it. */
  readonly message?: string;
};

/** As much as the library reads of a response. */
export type ResponseLike = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
};

/** As much of a WebSocket as the library uses (WHATWG WebSockets). */
export type SocketLike = {
  readonly readyState: number;
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Of `ws`: at once, without a goodbye that nobody would answer. */
  terminate?(): void;
  /** Where an implementation knows it, which browsers hide: what the upgrade was refused with. There before `close` is told. */
  readonly refusedWith?: ResponseLike | null;
};

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export const OPEN = 1;

/**
 * The constructor to use: the one given, else the global one.
 * @throws TypeError where there is none
 */
export function socketConstructor(given: SocketConstructor | undefined): SocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (found !== undefined) return found;
  throw new TypeError(
    'this runtime has no WebSocket of its own: pass one, { WebSocket } (on Node 20: `ws` from npm)',
  );
}
