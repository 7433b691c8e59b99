import { existsSync, writeSync } from 'node:fs';
import { Hono } from 'hono';
import { createTransport, type TransportOptions } from '../../src/adapters/transport/listener.ts';
import type { Bindings, Socket, SocketHandlers } from '../../src/core/ports/transport.ts';
import { problemResponse } from '../../src/protocol/problems.ts';

/**
 * A server for the transport suite, run by hand as `transport-fixture.ts`. It prints its URL and then only answers:
 * every connection writes down what happened to it under its `id`, for the suite to read.
 */

const journals = new Map<string, Journal>();
const gates = new Map<string, () => void>();
const errors: string[] = [];
/** How often a route looks whether its client still waits. */
const LOOK_MS = 5;

class Journal {
  readonly entries: string[] = [];
  #wakers: (() => void)[] = [];

  add(entry: string) {
    this.entries.push(entry);
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async until(prefix: string): Promise<void> {
    while (!this.entries.some((entry) => entry.startsWith(prefix))) {
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }
}

function journalOf(id: string): Journal {
  const journal = journals.get(id) ?? new Journal();
  journals.set(id, journal);
  return journal;
}

/** Waits, and says so in the journal, until the suite asks for `/release`. */
function gate(id: string): Promise<void> {
  journalOf(id).add('waiting');
  return new Promise((resolve) => gates.set(id, resolve));
}

/** Stands still until there is this file, and long enough for any timer of a close to be due. */
function standStillUntil(file: string) {
  const since = performance.now();
  writeSync(1, 'standing still\n');
  while (!existsSync(file) || performance.now() - since < 300);
}

/** Does what the client's message says; anything that is no command is echoed. */
function obey(socket: Socket, text: string) {
  const [command, first = '', second = ''] = text.split(' ');
  switch (command) {
    case 'throw':
      throw new Error('handler threw');
    case 'close':
      return socket.close(Number(first), second);
    case 'terminate':
      return socket.terminate();
    case 'frames':
      return socket.send(
        Array.from({ length: Number(first) }, (_, i) => (i % 2 ? `${i}` : Buffer.from(`${i}`))),
      );
    case 'flood':
      socket.send([Buffer.alloc(Number(first), 'x')]);
      return socket.send([`buffered ${socket.bufferedBytes}`]);
    case 'after-close':
      socket.close(1000, 'bye');
      return socket.send(['too late']);
    default:
      socket.send([text]);
  }
}

function handlersFor(journal: Journal, throwIn: string | undefined): SocketHandlers {
  const note = (entry: string) => {
    journal.add(entry);
    if (throwIn !== undefined && entry.startsWith(throwIn)) throw new Error(`${throwIn} threw`);
  };
  let socket: Socket | null = null;
  return {
    open(opened) {
      socket = opened;
      note('open');
    },
    message(text) {
      note(`message ${text.slice(0, 40)}`);
      if (socket !== null) obey(socket, text);
    },
    binary: () => note('binary'),
    drain: () => note(`drain ${socket?.bufferedBytes}`),
    closed: (code, wasClean) => note(`closed ${code} ${wasClean}`),
  };
}

const app = new Hono<{ Bindings: Bindings }>();

app.get('/plain', (c) => c.text('plain'));
app.get('/bindings', (c) => c.json({ upgrade: c.env.upgrade !== null, remoteAddress: c.env.remoteAddress }));
app.post('/body', async (c) => c.text(`${(await c.req.arrayBuffer()).byteLength}`));
app.post('/too-large', () => problemResponse({ code: 'too-large', detail: 'the body is too large' }));
app.post('/abort', (c) => {
  const journal = journalOf(c.req.query('id') ?? '');
  c.req.raw.signal.addEventListener('abort', () => journal.add('aborted'));
  journal.add('started');
  return new Promise<Response>(() => {});
});
app.get('/slow', async (c) => {
  await gate(c.req.query('id') ?? '');
  return c.text('slow');
});
app.get('/release', (c) => {
  gates.get(c.req.query('id') ?? '')?.();
  return c.text('released');
});
app.get('/journal', async (c) => {
  const journal = journalOf(c.req.query('id') ?? '');
  const until = c.req.query('until');
  if (until) await journal.until(until);
  return c.json(journal.entries);
});
app.get('/journals', (c) => c.json([...journals.values()].map(({ entries }) => entries)));
app.get('/errors', (c) => c.json(errors));
app.get('/listen-again', async (c) => {
  const second = createTransport({ ...options, fetch: () => c.text('') });
  return c.text(await second.listen({ host, port }).then(String, (error) => String(error.code)));
});
app.post('/stop', (c) => {
  const held = (c.req.queries('release') ?? []).map((id) => gates.get(id));
  const file = c.req.query('standStillUntil');
  setTimeout(() => {
    void transport.close().then(() => console.log('closed'));
    for (const release of held) release?.();
    if (file !== undefined) standStillUntil(file);
  }, 0);
  return c.text('stopping');
});

app.get('/refuse', (c) => {
  c.header('x-extra', 'kept', { append: true });
  return problemResponse({ code: 'unauthorized', detail: 'no', headers: { 'x-extra': 'kept' } });
});
app.get('/never', () => new Promise<Response>(() => {}));
app.get('/accept-then-fail', (c) => {
  accept(c.env, c.req.query());
  return c.json({ failed: true }, 500);
});
app.get('/ws', async (c) => {
  const { id = '', gated } = c.req.query();
  if (gated !== undefined) {
    const watch = setInterval(() => {
      if (!c.env.upgrade?.isAbandoned) return;
      journalOf(id).add('abandoned');
      clearInterval(watch);
    }, LOOK_MS);
    await gate(id);
    clearInterval(watch);
  }
  return (
    accept(c.env, c.req.query()) ?? problemResponse({ code: 'upgrade-required', detail: 'not an upgrade' })
  );
});

function accept({ upgrade }: Bindings, query: Record<string, string>): Response | null {
  if (upgrade === null) return null;
  const journal = journalOf(query.id ?? '');
  return upgrade.accept({
    protocol: query.protocol ?? null,
    handlers: handlersFor(journal, query.throwIn),
    aborted: () => journal.add('aborted'),
  });
}

const options: TransportOptions = {
  fetch(request, env) {
    const path = new URL(request.url).pathname;
    if (path === '/throws') throw new Error('route threw, secret detail');
    if (path === '/rejects') return Promise.reject(new Error('route rejected, secret detail'));
    return app.fetch(request, env);
  },
  maxMessageBytes: 65_536,
  handshakeTimeoutMs: 1_000,
  closeTimeoutMs: 500,
  headTimeoutMs: 500,
  onError: (error, context) => errors.push(`${context}: ${error instanceof Error ? error.message : error}`),
};
const transport = createTransport(options);

const { host, port } = await transport.listen({ host: '127.0.0.1', port: 0 });
console.log(`http://${host}:${port}`);
