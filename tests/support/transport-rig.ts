import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startOwned } from './owned-process.ts';
import { RawClient } from './raw-client.ts';

/** A running fixture server (`transport-fixture.ts`). */
export type Running = {
  url: string;
  /** Ends it at once. */
  stop(): Promise<void>;
  /** Resolves once it has written this line. */
  says(line: string): Promise<unknown>;
  /** Its exit status, once it has ended by itself, and what it wrote. */
  exited(): Promise<{ code: number | null; output: string }>;
};

/** Starts the fixture in a process of its own: `command` takes the file to run as a further argument. */
export async function startFixture(command: string, args: readonly string[]): Promise<Running> {
  const file = fileURLToPath(new URL('transport-fixture.ts', import.meta.url));
  const running = await startOwned(command, [...args, file]);
  return {
    url: await running.line((line) => line.startsWith('http://'), 30_000),
    stop: () => running.end(),
    says: (line) => running.line((said) => said === line, 30_000),
    exited: async () => ({ code: (await running.exited).code, output: running.output() }),
  };
}

/** For entries that frames of the first 2 ms may come among, which are sent a little later than they are given. */
export const isNoDrain = (entry: string): boolean => entry !== 'drain 0';

/** What the transport suite reaches its server by. */
export class TransportRig {
  url: string;
  #ids = 0;
  readonly #raws: RawClient[] = [];
  readonly #clients: WebSocket[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** A name under which the server keeps a journal. */
  newId(): string {
    this.#ids += 1;
    return `c${this.#ids}`;
  }

  async raw(options: { halfOpen?: boolean } = {}): Promise<RawClient> {
    const raw = await RawClient.connect(this.url, options);
    this.#raws.push(raw);
    return raw;
  }

  /** A WebSocket by hand: a raw client whose upgrade has been accepted. */
  async rawSocket(
    id: string,
    { query = '', halfOpen = false }: { query?: string; halfOpen?: boolean } = {},
  ): Promise<RawClient> {
    const raw = await this.raw({ halfOpen });
    raw.request(`GET /ws?id=${id}${query}`, { upgrade: true });
    await raw.until('\r\n\r\n');
    return raw;
  }

  /** A WebSocket by the ws package, open. */
  async socket(id: string, query = '', protocols: string[] = []): Promise<WebSocket> {
    const client = new WebSocket(`${this.url.replace('http', 'ws')}/ws?id=${id}${query}`, protocols);
    this.#clients.push(client);
    await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
    client.on('error', () => {});
    return client;
  }

  get(path: string): Promise<Response> {
    return fetch(this.url + path);
  }

  /** The journal of a connection, once it has an entry that begins with `until`. */
  async journal(id: string, until = ''): Promise<string[]> {
    const response = await this.get(`/journal?id=${id}&until=${encodeURIComponent(until)}`);
    return (await response.json()) as string[];
  }

  async release(id: string): Promise<void> {
    await this.get(`/release?id=${id}`);
  }

  async journals(): Promise<string[][]> {
    return (await (await this.get('/journals')).json()) as string[][];
  }

  async errors(): Promise<string[]> {
    return (await (await this.get('/errors')).json()) as string[];
  }

  /** Lets go of everything that a test has opened. */
  reset(): void {
    for (const raw of this.#raws.splice(0)) raw.socket.destroy();
    for (const client of this.#clients.splice(0)) client.terminate();
  }
}

/** The next text message. */
export function nextText(client: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    client.once('message', (data) => resolve(data.toString()));
    client.once('close', (code) => reject(new Error(`closed with ${code} before a message`)));
  });
}

/** Resolves when the client is closed. */
export function whenClosed(client: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) =>
    client.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
}
