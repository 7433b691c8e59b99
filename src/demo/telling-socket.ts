import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import type { ResponseLike } from '../client/index.ts';

/** Of `ws`; its types lack the last one. */
const OPTIONS: ClientOptions & { readonly closeTimeout: number } = {
  maxPayload: 1024 * 1024,
  perMessageDeflate: false,
  /** A server that answers no goodbye keeps no process, in ms. */
  closeTimeout: 1_000,
};
/** More of a refusal than any that a server of ours gives. */
const MOST_CHARACTERS = 64 * 1024;

/** A WebSocket for the client library that knows what an upgrade was refused with, which browsers hide. */
export class TellingSocket extends WebSocket {
  refusedWith: ResponseLike | null = null;

  constructor(address: string, protocols: string[]) {
    super(address, protocols, OPTIONS);
    this.on('unexpected-response', (_request, response) => void this.#keep(response));
  }

  async #keep(response: IncomingMessage): Promise<void> {
    const { statusCode: status = 0, headers } = response;
    const text = await firstOf(response);
    this.refusedWith = {
      status,
      headers: { get: (name) => headers[name]?.toString() ?? null },
      text: async () => text,
    };
    // Who listens for refusals has to end the attempt.
    this.terminate();
  }
}

async function firstOf(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      if (text.length > MOST_CHARACTERS) break;
    }
  } catch {
    // What came before the cut has to do.
  }
  return text;
}
