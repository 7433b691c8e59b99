import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

/** What the server does with one connection. */
export type Act = (socket: WebSocket) => void;

export const frame = (type: string, payload: object, sequence_id?: number): string =>
  JSON.stringify({ type, timestamp: '2026-03-01T10:20:30.123Z', payload, sequence_id });
export const connected = (heartbeatMs = 60_000): string =>
  frame('CONNECTED', {
    epoch: 'e1',
    sequence_id: 9,
    heartbeat_interval_ms: heartbeatMs,
    heartbeat_timeout_ms: heartbeatMs,
    filters: { agent_ids: null, project_ids: null, event_types: null },
  });
export const replayFrom = (after: number): string =>
  frame('REPLAY_START', { reason: 'connected', epoch: 'e1', after_sequence_id: after, missing: null });

export const closeWith =
  (code: number, reason = ''): Act =>
  (socket) =>
    socket.close(code, reason);

/** Lets the client hear everything first: its PONG says that it did. */
export const afterHearing =
  (act: Act, ...frames: string[]): Act =>
  (socket) => {
    for (const text of [connected(), ...frames, frame('PING', {})]) socket.send(text);
    socket.once('message', () => act(socket));
  };

/** A stream that a test plays: the first connection gets the first act, and so on; one too many is closed by an operator. */
export class PlayedStream {
  readonly address: string;
  readonly asked: { target: string; protocols: string | undefined }[] = [];
  /** What clients said, parsed. */
  readonly heard: unknown[] = [];

  private constructor(server: WebSocketServer, acts: readonly (Act | undefined)[]) {
    this.address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/agents`;
    server.on('connection', (socket, { url = '', headers }) => {
      this.asked.push({ target: url, protocols: headers['sec-websocket-protocol'] });
      socket.on('message', (data) => this.heard.push(JSON.parse(data.toString())));
      (acts[this.asked.length - 1] ?? closeWith(4002, 'disconnected_by_operator'))(socket);
    });
  }

  /** @param refusesWith the status for whoever offers such a token; null: all are let in */
  static async start(
    acts: readonly Act[],
    refusesWith: (token: string) => number | null = () => null,
  ): Promise<PlayedStream> {
    const verifyClient = (
      { req }: { req: IncomingMessage },
      answer: (ok: boolean, code?: number) => void,
    ) => {
      const [, token = ''] = (req.headers['sec-websocket-protocol'] ?? '').split(',');
      const status = refusesWith(token);
      answer(status === null, status ?? undefined);
    };
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient });
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    });
    return new PlayedStream(server, acts);
  }
}
