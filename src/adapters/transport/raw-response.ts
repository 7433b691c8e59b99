import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, problemResponse } from '../../protocol/problems.ts';

/** A response that is all there: its body has been read. */
export type Answer = { status: number; headers: Headers; body: Uint8Array };

/** How long a peer may take to read an answer and hang up, in milliseconds. */
const LINGER_MS = 2_000;

/** Headers of the connection, which are for `endWith` to set. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

/** Reads a response to its end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

/**
 * Writes an answer onto a socket that HTTP has let go of, and closes it. What the peer still sends is read and thrown
 * away: closing with unread input would reset the connection and could take the answer with it.
 */
export function endWith(socket: Duplex, answer: Answer, { omitBody = false } = {}) {
  if (socket.destroyed || socket.writableEnded) return;
  socket.end(bytesOf(answer, omitBody));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** The same with a problem as the answer. */
export async function endWithProblem(socket: Duplex, problem: Problem): Promise<void> {
  endWith(socket, await readAnswer(problemResponse(problem)));
}

function bytesOf({ status, headers, body }: Answer, omitBody: boolean): Buffer {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, `date: ${new Date().toUTCString()}`];
  for (const [name, value] of headers) {
    if (!OWN_HEADERS.has(name)) lines.push(`${name}: ${value}`);
  }
  lines.push('connection: close');
  if (!omitBody) lines.push(`content-length: ${body.byteLength}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return omitBody ? head : Buffer.concat([head, body]);
}
