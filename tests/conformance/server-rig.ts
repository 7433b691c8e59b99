import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { DashboardClient, type DashboardOptions, refusedUpgrade } from '../support/dashboard-client.ts';
import { type Answer, plainGet } from '../support/http-answer.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { tokenFor } from '../support/tokens.ts';
import { type Fields, numberedEvent, Worker, type WorkerAnswer } from '../support/worker.ts';
import { DOCUMENTS } from './server-documents.ts';

/** One cell of the matrix: a runtime and an engine. */
export type Cell = {
  /** Starts a server; `env` is stronger than the cell's own. */
  start(env?: Record<string, string>): Promise<ServerProcess>;
  /** Of the Redis that servers of this cell use; null where their engine is `memory`. */
  readonly redisUrl: string | null;
};

/** How long to look for what has to come about by itself, and how often. */
export const WAIT = { timeout: 10_000, interval: 20 };

export type ConnectOptions = DashboardOptions & { query?: Record<string, string> };

/** A running server, its worker, and the dashboards that a test connects to it. */
export class ServerRig {
  readonly server: ServerProcess;
  readonly worker: Worker;
  readonly #clients: DashboardClient[] = [];

  constructor(server: ServerProcess) {
    this.server = server;
    this.worker = new Worker(server.url, ({ method, path, answer }) =>
      expectDocumented(method, path, answer),
    );
  }

  /** The address of the client endpoint. */
  agents(query: Record<string, string> = {}): string {
    return `${this.server.wsUrl}/ws/agents?${new URLSearchParams(query)}`;
  }

  /** Connects a dashboard of a user. */
  async connect(userId: string, { query, ...options }: ConnectOptions = {}): Promise<DashboardClient> {
    return this.dial({ query: { token: await tokenFor(userId), ...query }, ...options });
  }

  /** Connects with a query as it is given. */
  async dial({ query, ...options }: ConnectOptions): Promise<DashboardClient> {
    const client = await DashboardClient.connect(this.agents(query), options);
    this.#clients.push(client);
    // Its headers the client has looked at.
    DOCUMENTS.answers.take('GET', '/ws/agents', { status: 101, body: '', header: () => 'websocket' });
    return client;
  }

  /** Connects a dashboard that stays for as long as the server does. */
  async witness(userId: string): Promise<DashboardClient> {
    return DashboardClient.connect(
      this.agents({ token: await tokenFor(userId), last_sequence_id: 'latest' }),
    );
  }

  /** Connects a dashboard that has had everything there was, and is live. */
  async live(userId: string, options: ConnectOptions = {}): Promise<DashboardClient> {
    const client = await this.connect(userId, options);
    await client.next('REPLAY_END');
    return client;
  }

  /** Publishes events that carry a number, and a last one behind them; gives the numbers that a client saw. */
  async numbersSeen(client: DashboardClient, user: string, events: readonly Fields[]): Promise<unknown[]> {
    for (const event of events) await this.worker.accepted(event);
    // Passes every filter that a test sets.
    await this.worker.accepted(numberedEvent(user, -1, { agent_id: 'a-end', project_id: 'p-end' }));
    await client.until(({ payload }) => payload.n === -1, 'the last event');
    return client.events.map(({ payload }) => payload.n).filter((n) => n !== -1);
  }

  /**
   * How an upgrade is refused; a plain GET has to be told the same. It is asked first: an upgrade that is being
   * decided counts among the connections of the instance.
   */
  async refusal({ query, ...options }: ConnectOptions): Promise<Answer> {
    const plain = await plainGet(this.agents(query), options);
    const refused = await refusedUpgrade(this.agents(query), options);
    expectSameRefusal(plain, refused);
    return refused;
  }

  /** The same, asked at the same time: what takes long takes it once. */
  async slowRefusal({ query, ...options }: ConnectOptions): Promise<Answer> {
    const url = this.agents(query);
    const [plain, refused] = await Promise.all([plainGet(url, options), refusedUpgrade(url, options)]);
    expectSameRefusal(plain, refused);
    return refused;
  }

  /** What the client endpoint says to a request that `ws` would not send. */
  async plain({ query, headers }: ConnectOptions): Promise<Answer> {
    const answer = await plainGet(this.agents(query), { headers });
    expectDocumented('GET', '/ws/agents', { ...answer, headers: headersOf(answer) });
    return answer;
  }

  /** Asks a route that wants no signature. */
  async get(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.server.url + path, init);
    const { status, headers } = response;
    const text = await response.clone().text();
    const isJson = headers.get('content-type')?.includes('json') ?? false;
    expectDocumented(init.method ?? 'GET', path, { status, headers, body: isJson ? JSON.parse(text) : text });
    return response;
  }

  /** Cuts what a test has left connected. */
  cutClients(): void {
    const clients = this.#clients.splice(0);
    for (const client of clients) client.cut();
    for (const frame of clients.flatMap(({ frames }) => frames)) DOCUMENTS.messages.take(frame);
  }

  /** Waits for so many such lines of the log, which comes beside the answers. */
  async logged(
    isSuch: (line: Record<string, unknown>) => boolean,
    count = 1,
  ): Promise<Record<string, unknown>[]> {
    const lines = () => this.server.logs().filter(isSuch);
    await vi.waitFor(() => expect(lines().length).toBeGreaterThanOrEqual(count), WAIT);
    return lines();
  }

  /** Waits until the server has seen every connection end, but for `staying` of them. */
  async allGone(staying = 0): Promise<void> {
    const count = (msg: string): number => this.server.logs().filter((log) => log.msg === msg).length;
    const open = () => count('connection opened') - count('connection closed');
    await vi.waitFor(() => expect(open()).toBe(staying), WAIT);
  }

  /** Whether the server lives, and its log has no fault of its own. */
  async expectWell(): Promise<void> {
    expect((await fetch(`${this.server.url}/healthz`)).status).toBe(200);
    expect(this.server.logs().filter(({ level }) => level === 'error')).toEqual([]);
  }
}

const headersOf = ({ headers }: Answer): Headers => new Headers(headers as Record<string, string>);

/** Whatever a server answers stands in docs/openapi.json. */
function expectDocumented(method: string, path: string, { status, headers, body }: WorkerAnswer): void {
  DOCUMENTS.answers.take(method, path, { status, body, header: (name) => headers.get(name) });
}

function expectSameRefusal(plain: Answer, refused: Answer): void {
  expectProblem(refused);
  expect(plain.body).toEqual(refused.body);
  for (const answer of [plain, refused]) {
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.status).toBe(answer.body.status);
    expectDocumented('GET', '/ws/agents', {
      ...answer,
      headers: new Headers(answer.headers as Record<string, string>),
    });
  }
}

/** A problem as RFC 9457 has it, with nothing but the members that the contract names. */
export function expectProblem({ status, body }: Pick<Answer, 'status' | 'body'>): void {
  const { errors, results, ...rest } = body;
  expect(rest).toEqual({
    type: expect.stringMatching(/^urn:agentcast:problem:[a-z-]+$/),
    title: expect.stringMatching(/\S/),
    status,
    detail: expect.stringMatching(/\S/),
  });
}

/** The server of a describe block: started before its tests, ended behind them; clients do not outlive their test. */
export function useServer(cell: Cell, env: Record<string, string> = {}): () => ServerRig {
  let rig: ServerRig | null = null;
  beforeAll(async () => {
    rig = new ServerRig(await cell.start(env));
  });
  afterEach(() => rig?.cutClients());
  afterAll(() => rig?.server.stop());
  return () => {
    if (rig === null) throw new Error('the server is not started yet');
    return rig;
  };
}
