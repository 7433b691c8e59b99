/** One accepted WebSocket as the core sees it. */
export type Socket = {
  /**
   * Sends each item as one text frame (a string, or its UTF-8 bytes), in order; what one call is given leaves in one
   * write to the kernel. Never throws; on a socket that is closing or closed it does nothing.
   */
  send(frames: readonly (Uint8Array | string)[]): void;
  /** Bytes handed to `send` that the kernel has not taken yet, frame headers included. */
  readonly bufferedBytes: number;
  /**
   * Starts the close handshake (RFC 6455 §7.1.2) behind what is already queued. A peer that does not answer is cut off
   * after a bounded time. Does nothing on a socket that is closing or closed.
   * @param code 1000, 1001–1014 as far as they may be sent, or 3000–4999; any other is a TypeError
   * @param reason at most 123 bytes of UTF-8; a longer one is a RangeError
   */
  close(code: number, reason: string): void;
  /** Cuts the connection at once, without a handshake; what is queued is lost. */
  terminate(): void;
};

/**
 * What a route wants to hear from a socket it accepted. The calls are synchronous; one that throws is reported and
 * closes that socket with 1011. After `close` or `terminate` only `closed` follows.
 */
export type SocketHandlers = {
  /** Once, before any other call. */
  open(socket: Socket): void;
  /** A complete text message came. */
  message(text: string): void;
  /** A binary message came; its content is not handed on. */
  binary(): void;
  /** What `send` had to leave in `bufferedBytes` has all been taken by the kernel. */
  drain(): void;
  /**
   * Exactly once after `open`, as the last call.
   * @param code of the peer's close frame; without one, the code this side closed with; without either, 1006
   * @param wasClean whether the peer sent its close frame
   */
  closed(code: number, wasClean: boolean): void;
};

/** What a route decides about an upgrade it accepts. */
export type UpgradeAcceptance = {
  /** The subprotocol to name in the answer; ignored unless the client offered it. */
  protocol: string | null;
  handlers: SocketHandlers;
  /** Exactly once instead of `open`: the client went away, or the handshake could not be completed. */
  aborted(): void;
};

/** The way a route accepts the upgrade that its request asks for. */
export type Upgrade = {
  /**
   * Accepts. The route returns the Response it gets; one of status 400 or above returned instead (an error handler's,
   * say) takes the acceptance back, which is then `aborted`.
   * @throws Error when this upgrade was accepted before
   */
  accept(acceptance: UpgradeAcceptance): Response;
  /** Whether the client has gone, or will not wait any longer: what is accepted now is `aborted`. */
  readonly isAbandoned: boolean;
};

/** What the transport hands to the application with every request (`c.env` in Hono). */
export type Bindings = {
  /**
   * Set where the request is a well-formed WebSocket upgrade. The request's signal is aborted when the client goes away
   * or the time to decide is up.
   */
  upgrade: Upgrade | null;
  /** Address of the TCP peer; undefined when it is gone already. */
  remoteAddress: string | undefined;
  /** What the answer calls this request (`x-request-id`), and every log line about it. */
  requestId: string;
};
